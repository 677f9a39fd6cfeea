# MicroPython's sources, and what its own build generates from them: interned strings, module table, root pointers, frozen modules.
# Everything is made in the build directory, nothing in MicroPython's tree.
find_package(Python3 REQUIRED COMPONENTS Interpreter)

file(GLOB MICROPYTHON_SOURCES ${MICROPYTHON_DIR}/py/*.c)
list(APPEND MICROPYTHON_SOURCES
    ${MICROPYTHON_DIR}/extmod/machine_mem.c
    ${MICROPYTHON_DIR}/extmod/machine_wdt.c
    ${MICROPYTHON_DIR}/extmod/modasyncio.c
    ${MICROPYTHON_DIR}/extmod/modbinascii.c
    ${MICROPYTHON_DIR}/extmod/moddeflate.c
    ${MICROPYTHON_DIR}/extmod/modframebuf.c
    ${MICROPYTHON_DIR}/extmod/modhashlib.c
    ${MICROPYTHON_DIR}/extmod/modheapq.c
    ${MICROPYTHON_DIR}/extmod/modjson.c
    ${MICROPYTHON_DIR}/extmod/modmachine.c
    ${MICROPYTHON_DIR}/extmod/modos.c
    ${MICROPYTHON_DIR}/extmod/modplatform.c
    ${MICROPYTHON_DIR}/extmod/modrandom.c
    ${MICROPYTHON_DIR}/extmod/modre.c
    ${MICROPYTHON_DIR}/extmod/modselect.c
    ${MICROPYTHON_DIR}/extmod/modtime.c
    ${MICROPYTHON_DIR}/extmod/moductypes.c
    ${MICROPYTHON_DIR}/extmod/modvfs.c
    ${MICROPYTHON_DIR}/extmod/vfs.c
    ${MICROPYTHON_DIR}/extmod/vfs_blockdev.c
    ${MICROPYTHON_DIR}/extmod/vfs_fat.c
    ${MICROPYTHON_DIR}/extmod/vfs_fat_diskio.c
    ${MICROPYTHON_DIR}/extmod/vfs_fat_file.c
    ${MICROPYTHON_DIR}/extmod/vfs_lfs.c
    ${MICROPYTHON_DIR}/extmod/vfs_reader.c
    ${MICROPYTHON_DIR}/shared/runtime/gchelper_generic.c
    ${MICROPYTHON_DIR}/shared/runtime/pyexec.c
    ${MICROPYTHON_DIR}/shared/runtime/stdout_helpers.c
    ${MICROPYTHON_DIR}/shared/runtime/sys_stdio_mphal.c
    ${MICROPYTHON_DIR}/shared/timeutils/timeutils.c)

# /sd is mounted by storage/, and one FatFs serves it and the disks of programs: volumes.c, own_disks.c.
set_source_files_properties(${MICROPYTHON_DIR}/extmod/modos.c ${MICROPYTHON_DIR}/extmod/modvfs.c PROPERTIES
    COMPILE_DEFINITIONS "mp_vfs_mount_obj=python_mount_obj;mp_vfs_umount_obj=python_umount_obj")
set_source_files_properties(${MICROPYTHON_DIR}/extmod/vfs_fat_diskio.c PROPERTIES
    COMPILE_DEFINITIONS "disk_read=python_disk_read;disk_write=python_disk_write;disk_ioctl=python_disk_ioctl")
# Its errors say more (oserror.c).
set_source_files_properties(${MICROPYTHON_DIR}/extmod/vfs.c PROPERTIES COMPILE_DEFINITIONS "mp_raise_OSError=python_raise_vfs_error")
# own_disks.c stands between littlefs and such a disk, and closes the files that a program forgot.
set_source_files_properties(${MICROPYTHON_DIR}/extmod/vfs_fat_file.c PROPERTIES COMPILE_DEFINITIONS "mp_stream_close_obj=python_stream_close_obj")
set_source_files_properties(${MICROPYTHON_DIR}/extmod/vfs_lfs.c PROPERTIES
    COMPILE_DEFINITIONS "mp_vfs_blockdev_read_ext=python_blockdev_read;mp_vfs_blockdev_write_ext=python_blockdev_write;mp_vfs_blockdev_ioctl=python_blockdev_ioctl;mp_stream_close_obj=python_stream_close_obj")

set(MICROPYTHON_BUILD ${CMAKE_CURRENT_BINARY_DIR}/micropython)
set(MICROPYTHON_FROZEN ${MICROPYTHON_BUILD}/frozen_content.c)

# The version that os.uname() and the banner show, from the sources; the date is that of the release, so that every build is the same.
function(_micropython_version)
    set(parts)
    foreach(part MAJOR MINOR MICRO)
        file(STRINGS ${MICROPYTHON_DIR}/py/mpconfig.h line REGEX "^#define MICROPY_VERSION_${part} ")
        string(REGEX MATCH "[0-9]+$" number "${line}")
        list(APPEND parts ${number})
    endforeach()
    list(JOIN parts . version)
    file(CONFIGURE OUTPUT ${MICROPYTHON_BUILD}/genhdr/mpversion.h CONTENT
"#define MICROPY_GIT_TAG \"v${version}\"
#define MICROPY_GIT_HASH \"release\"
#define MICROPY_BUILD_DATE \"2025-04-15\"
")
endfunction()

# mpy-cross, the compiler for frozen modules: a program of the build machine, from the same sources, by its own Makefile.
function(_micropython_mpy_cross)
    find_program(WIPY_MAKE NAMES gmake make REQUIRED)
    find_program(WIPY_HOST_CC NAMES gcc cc REQUIRED)
    set(dir ${PROJECT_BINARY_DIR}/mpy-cross)
    file(GLOB sources ${MICROPYTHON_DIR}/py/*.[ch] ${MICROPYTHON_DIR}/mpy-cross/*.[ch])
    add_custom_command(OUTPUT ${dir}/mpy-cross
        COMMAND ${CMAKE_COMMAND} -E env --unset=MAKEFLAGS --unset=CFLAGS --unset=LDFLAGS
            MICROPY_GIT_TAG=release SOURCE_DATE_EPOCH=0 PYTHONDONTWRITEBYTECODE=1
            ${WIPY_MAKE} --silent -j2 -C ${MICROPYTHON_DIR}/mpy-cross BUILD=${dir} CC=${WIPY_HOST_CC} PYTHON=${Python3_EXECUTABLE}
            CWARN=-w > ${dir}.log
        COMMAND ${CMAKE_COMMAND} -E touch ${dir}/mpy-cross
        DEPENDS ${sources}
        COMMENT "Building MicroPython's cross compiler" VERBATIM)
    set(MPY_CROSS ${dir}/mpy-cross PARENT_SCOPE)
endfunction()

# micropython_generate(COMPONENT OWN_SOURCES a.c ... DEPENDS b.h ...): rules for the generated files; adds the frozen modules to
# MICROPYTHON_SOURCES. They are the same for every variant of one build, so they are made once, with the flags of the first variant.
function(micropython_generate component)
    cmake_parse_arguments(arg "" "" "OWN_SOURCES;DEPENDS" ${ARGN})
    _micropython_version()
    _micropython_mpy_cross()

    list(GET WIPY_VARIANTS 0 variant)
    set(target ${component}_${variant})
    set(python ${CMAKE_COMMAND} -E env PYTHONDONTWRITEBYTECODE=1 ${Python3_EXECUTABLE})
    set(py ${MICROPYTHON_DIR}/py)
    set(gen ${MICROPYTHON_BUILD}/genhdr)
    set(own ${arg_OWN_SOURCES})
    list(TRANSFORM own PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
    file(GENERATE OUTPUT ${gen}/flags CONTENT
"'-I$<JOIN:$<TARGET_PROPERTY:${target},INCLUDE_DIRECTORIES>,'
'-I>'
'-D$<JOIN:$<TARGET_PROPERTY:${target},COMPILE_DEFINITIONS>,'
'-D>'
")
    separate_arguments(flags UNIX_COMMAND "${CMAKE_C_FLAGS}")
    list(APPEND flags ${WIPY_FLAGS_${variant}} @${gen}/flags -std=gnu17 -DNO_QSTR)

    # Collect the strings, modules and root pointers that the sources name. The headers change only when one of these does.
    set(collect)
    foreach(kind qstr module root_pointer)
        list(APPEND collect
            COMMAND ${CMAKE_COMMAND} -E make_directory ${gen}/${kind}
            COMMAND ${python} ${py}/makeqstrdefs.py split ${kind} ${gen}/preprocessed.i ${gen}/${kind} _
            COMMAND ${python} ${py}/makeqstrdefs.py cat ${kind} _ ${gen}/${kind} ${gen}/${kind}.collected > ${gen}/${kind}.log)
    endforeach()
    add_custom_command(
        OUTPUT ${gen}/qstr.collected ${gen}/module.collected ${gen}/root_pointer.collected
        COMMAND ${CMAKE_COMMAND} -E rm -rf ${gen}/qstr ${gen}/module ${gen}/root_pointer
        COMMAND ${python} ${py}/makeqstrdefs.py pp ${CMAKE_C_COMPILER} -E output ${gen}/preprocessed.i
            cflags ${flags} cxxflags sources ${own} ${MICROPYTHON_SOURCES}
        ${collect}
        DEPENDS ${own} ${MICROPYTHON_SOURCES} ${arg_DEPENDS} ${gen}/mpversion.h ${gen}/flags
        COMMENT "Collecting MicroPython's interned strings" VERBATIM COMMAND_EXPAND_LISTS)

    # The strings' own definitions pass through the preprocessor, each hidden in quotes meanwhile.
    add_custom_command(
        OUTPUT ${gen}/qstrdefs.preprocessed.h ${gen}/qstrdefs.generated.h
        COMMAND cat ${py}/qstrdefs.h ${gen}/qstr.collected | sed "s/^Q(.*)/\"&\"/" |
            ${CMAKE_C_COMPILER} -E ${flags} - | sed "s/^\"\\(Q(.*)\\)\"/\\1/" > ${gen}/qstrdefs.preprocessed.h
        COMMAND ${python} ${py}/makeqstrdata.py ${gen}/qstrdefs.preprocessed.h > ${gen}/qstrdefs.generated.h
        DEPENDS ${gen}/qstr.collected ${py}/qstrdefs.h mpconfigport.h VERBATIM COMMAND_EXPAND_LISTS)
    add_custom_command(OUTPUT ${gen}/moduledefs.h
        COMMAND ${python} ${py}/makemoduledefs.py ${gen}/module.collected > ${gen}/moduledefs.h
        DEPENDS ${gen}/module.collected VERBATIM)
    add_custom_command(OUTPUT ${gen}/root_pointers.h
        COMMAND ${python} ${py}/make_root_pointers.py ${gen}/root_pointer.collected > ${gen}/root_pointers.h
        DEPENDS ${gen}/root_pointer.collected VERBATIM)
    set_source_files_properties(${MICROPYTHON_SOURCES} ${own} PROPERTIES OBJECT_DEPENDS
        "${gen}/qstrdefs.generated.h;${gen}/moduledefs.h;${gen}/root_pointers.h")

    # Frozen modules: asyncio, also by the name that older scripts use, and our own.
    if(CMAKE_SIZEOF_VOID_P EQUAL 8)
        set(mpz_digit 32)
    else()
        set(mpz_digit 16)
    endif()
    set(frozen)
    foreach(module asyncio/__init__ asyncio/core asyncio/event asyncio/funcs asyncio/lock asyncio/stream uasyncio ntptime)
        set(output ${MICROPYTHON_BUILD}/frozen/${module}.mpy)
        set(source ${MICROPYTHON_DIR}/extmod/${module}.py)
        if(module STREQUAL uasyncio)
            set(source ${MICROPYTHON_DIR}/extmod/asyncio/uasyncio.py)
        elseif(module STREQUAL ntptime)
            set(source ${CMAKE_CURRENT_SOURCE_DIR}/ntptime.py)
        endif()
        add_custom_command(OUTPUT ${output}
            COMMAND ${CMAKE_COMMAND} -E make_directory ${MICROPYTHON_BUILD}/frozen/asyncio
            COMMAND ${MPY_CROSS} -O3 -s ${module}.py -o ${output} ${source}
            DEPENDS ${MPY_CROSS} ${source} VERBATIM)
        list(APPEND frozen ${output})
    endforeach()
    add_custom_command(OUTPUT ${MICROPYTHON_FROZEN}
        COMMAND ${python} ${MICROPYTHON_DIR}/tools/mpy-tool.py -f -q ${gen}/qstrdefs.preprocessed.h
            -mmpz-dig-size ${mpz_digit} ${frozen} > ${MICROPYTHON_FROZEN}
        DEPENDS ${frozen} ${gen}/qstrdefs.preprocessed.h VERBATIM)
    set(MICROPYTHON_SOURCES ${MICROPYTHON_SOURCES} ${MICROPYTHON_FROZEN} PARENT_SCOPE)
endfunction()
