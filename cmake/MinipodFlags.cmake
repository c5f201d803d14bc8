# SPDX-License-Identifier: Apache-2.0
# minipod_language: the C dialect, include root and warnings, for everything we compile.
# minipod_flags:    the same and what the preset adds; every library, program and test links it.
add_library(minipod_language INTERFACE)
target_include_directories(minipod_language INTERFACE "${PROJECT_SOURCE_DIR}")
target_compile_definitions(minipod_language INTERFACE _GNU_SOURCE)
target_compile_options(minipod_language INTERFACE "$<$<COMPILE_LANGUAGE:C>:-std=gnu17>")

set(minipod_warnings
	-Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes
	-Wold-style-definition -Wundef -Wpointer-arith -Wcast-qual -Wcast-align -Wwrite-strings
	-Wformat=2 -Wvla -Walloca -Wswitch-enum -Wimplicit-fallthrough -Wdouble-promotion -Werror)
target_compile_options(minipod_language INTERFACE "$<$<COMPILE_LANGUAGE:C>:${minipod_warnings}>")

add_library(minipod_flags INTERFACE)
target_link_libraries(minipod_flags INTERFACE minipod_language)
target_compile_options(minipod_flags INTERFACE -fPIE)
target_link_options(minipod_flags INTERFACE -pie)

if(MINIPOD_SANITIZE)
	set(minipod_sanitize "-fsanitize=${MINIPOD_SANITIZE}" -fno-sanitize-recover=all
		-fno-omit-frame-pointer)
	target_compile_options(minipod_flags INTERFACE "$<$<COMPILE_LANGUAGE:C>:${minipod_sanitize}>")
	target_link_options(minipod_flags INTERFACE ${minipod_sanitize})
endif()

if(MINIPOD_COVERAGE)
	target_compile_options(minipod_flags INTERFACE "$<$<COMPILE_LANGUAGE:C>:--coverage;-fprofile-update=atomic>")
	target_link_options(minipod_flags INTERFACE --coverage)
endif()

if(MINIPOD_HARDEN)
	# Some distributions build with fortify already: undefine it first, or -Werror stops us.
	target_compile_options(minipod_flags INTERFACE
		"$<$<COMPILE_LANGUAGE:C>:-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=3;-fstack-protector-strong;-fstack-clash-protection>"
		"$<$<COMPILE_LANGUAGE:C>:-ffunction-sections;-fdata-sections>")
	target_link_options(minipod_flags INTERFACE
		LINKER:-z,relro LINKER:-z,now LINKER:-z,noexecstack LINKER:--gc-sections LINKER:-O1
		LINKER:--as-needed LINKER:--hash-style=gnu)
endif()
