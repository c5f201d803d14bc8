# SPDX-License-Identifier: Apache-2.0
# What a preset may choose. Everything else is the same in every build.
set(MINIPOD_SANITIZE "" CACHE STRING "Value of -fsanitize= for our own code, empty for none")
option(MINIPOD_HARDEN "Hardening flags of a release: fortify, stack protector, PIE, relro, now" OFF)
option(MINIPOD_LTO "Link-time optimisation of our own code" OFF)
option(MINIPOD_STATIC_DEPS "Link third-party archives where the distribution has them" OFF)
option(MINIPOD_COVERAGE "gcov instrumentation" OFF)
option(MINIPOD_FUZZ "Build the libFuzzer targets (clang only)" OFF)
set(MINIPOD_BUSYBOX "" CACHE FILEPATH "Static busybox to embed as image; empty looks in /bin and /usr/bin")

if(NOT CMAKE_BUILD_TYPE)
	set(CMAKE_BUILD_TYPE Debug CACHE STRING "" FORCE)
endif()

# NDEBUG is never defined: a privileged process without its invariants should stop.
set(CMAKE_C_FLAGS_RELEASE "-O2 -g1")
set(CMAKE_C_FLAGS_DEBUG "-O1 -g3")
