# SPDX-License-Identifier: Apache-2.0

# minipod_layer(<name> SOURCES ... [LAYERS ...] [DEPS ...])
# The static library minipod_<name>. LAYERS are ours and propagate; DEPS are third-party and do not.
function(minipod_layer name)
	cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LAYERS;DEPS")
	add_library(minipod_${name} STATIC ${arg_SOURCES})
	target_link_libraries(minipod_${name} PUBLIC ${arg_LAYERS} PRIVATE minipod_flags ${arg_DEPS})
	if(MINIPOD_LTO)
		set_target_properties(minipod_${name} PROPERTIES INTERPROCEDURAL_OPTIMIZATION ON)
	endif()
endfunction()

# minipod_embed(<target> <symbol> <file>): the bytes of <file> become <symbol> .. <symbol>_end.
function(minipod_embed target symbol file)
	set(MINIPOD_EMBED_SYMBOL ${symbol})
	set(MINIPOD_EMBED_FILE "${file}")
	set(source "${CMAKE_CURRENT_BINARY_DIR}/${symbol}.S")
	configure_file("${PROJECT_SOURCE_DIR}/cmake/embed.S.in" "${source}" @ONLY)
	set_property(SOURCE "${source}" APPEND PROPERTY OBJECT_DEPENDS "${file}")
	target_sources(${target} PRIVATE "${source}")
endfunction()

# minipod_freestanding(<name> <source>...): a static program without libc, as small as it gets.
# It takes no flags of the preset: a sanitizer or a stack protector needs a run time it has not.
function(minipod_freestanding name)
	add_executable(${name} ${ARGN})
	target_link_libraries(${name} PRIVATE minipod_language)
	set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE OFF
		INTERPROCEDURAL_OPTIMIZATION OFF)
	target_compile_options(${name} PRIVATE -Os -g0 -ffreestanding -fno-pie -fno-stack-protector
		-fno-asynchronous-unwind-tables -fno-unwind-tables -fcf-protection=none -fomit-frame-pointer
		-U_FORTIFY_SOURCE -ffunction-sections -fdata-sections)
	target_link_options(${name} PRIVATE -nostdlib -static -no-pie -s LINKER:--build-id=none
		LINKER:-z,norelro LINKER:-z,noexecstack LINKER:-z,noseparate-code LINKER:--gc-sections)
endfunction()
