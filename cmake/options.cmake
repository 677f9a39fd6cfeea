# What can be set from outside, and the flags that follow.
set(MICROPYTHON_DIR "" CACHE PATH "sources of MicroPython 1.25")
set(LWIP_DIR "" CACHE PATH "sources of lwIP 2.2")
set(MBEDTLS_DIR "" CACHE PATH "sources of mbedTLS 3.6")
set(WIPY_HEAP_KIB 256 CACHE STRING "heap of Python on the board, KiB")
option(WIPY_SANITIZE "ASan and UBSan in host programs and unit tests, UBSan traps in the firmware")
option(WIPY_TESTS "build the unit tests")
option(WIPY_FUZZ "build the harnesses of tests/fuzz for libFuzzer, with clang")

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release)
endif()
set(CMAKE_C_FLAGS_RELEASE "-O2 -g")

# Strict warnings for all code of ours; the sources of others are compiled without (third_party/CMakeLists.txt).
set(WIPY_WARNINGS -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wwrite-strings
    -Wundef -Wvla -Wno-unused-parameter)

# A variant is one way to compile the firmware world: for the virtual target (a static musl program without the host's libc),
# hosted (an ordinary program of this machine: unit tests, offline tools), or cross (Cortex-M4).
if(CMAKE_CROSSCOMPILING)
    set(WIPY_VARIANTS cross)
    set(WIPY_FLAGS_cross -ffunction-sections -fdata-sections)
else()
    set(WIPY_VARIANTS virtual hosted)
    set(WIPY_MUSL_SPECS -specs=/usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/musl-gcc.specs)
    string(REPLACE "-gnu" "-musl" WIPY_MUSL_SPECS "${WIPY_MUSL_SPECS}")
    set(WIPY_FLAGS_virtual ${WIPY_MUSL_SPECS} -fno-pie -ffunction-sections -fdata-sections)
    set(WIPY_FLAGS_hosted)
    if(WIPY_SANITIZE)
        set(WIPY_TRAPS -fsanitize=undefined -fsanitize-undefined-trap-on-error)
        set(WIPY_SANITIZERS -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
        if(WIPY_FUZZ)
            list(APPEND WIPY_SANITIZERS -fsanitize=fuzzer-no-link)
        endif()
        set(WIPY_FLAGS_hosted ${WIPY_SANITIZERS})
    endif()
endif()
