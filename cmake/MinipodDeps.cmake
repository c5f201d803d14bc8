# SPDX-License-Identifier: Apache-2.0
# Third-party libraries as imported targets. A folder links its own with PRIVATE; nobody else sees it.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

# minipod_find(<target> <pkg-config name> <archive> [extra libraries of the archive])
# Makes minipod::<target>; with MINIPOD_STATIC_DEPS it is the archive, if there is one.
function(minipod_find target package archive)
	pkg_check_modules(dep_${target} REQUIRED IMPORTED_TARGET ${package})
	add_library(minipod_dep_${target} INTERFACE)
	add_library(minipod::${target} ALIAS minipod_dep_${target})
	if(MINIPOD_STATIC_DEPS)
		find_library(MINIPOD_ARCHIVE_${target} NAMES ${archive}
			HINTS ${dep_${target}_LIBDIR} ${dep_${target}_LIBRARY_DIRS})
		mark_as_advanced(MINIPOD_ARCHIVE_${target})
		if(MINIPOD_ARCHIVE_${target})
			target_include_directories(minipod_dep_${target} SYSTEM INTERFACE
				${dep_${target}_INCLUDE_DIRS})
			target_link_libraries(minipod_dep_${target} INTERFACE
				"${MINIPOD_ARCHIVE_${target}}" ${ARGN})
			return()
		endif()
		message(STATUS "${package}: no archive, linked dynamically")
	endif()
	target_link_libraries(minipod_dep_${target} INTERFACE PkgConfig::dep_${target})
endfunction()

minipod_find(fyaml libfyaml libfyaml.a)
minipod_find(seccomp libseccomp libseccomp.a)
minipod_find(cap libcap libcap.a)
minipod_find(cgroup libcgroup libcgroup.a Threads::Threads)
minipod_find(nghttp2 libnghttp2 libnghttp2.a)
if(BUILD_TESTING)
	pkg_check_modules(cmocka REQUIRED IMPORTED_TARGET cmocka)
endif()
