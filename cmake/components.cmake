# firmware_component(NAME SOURCES a.c ... [DEPENDS other ...] [DEFINES X=1 ...]): a folder of the firmware world as a static library for every variant,
# called NAME_virtual, NAME_hosted, NAME_cross. Includes are written from the root of the tree: "storage/storage.h".
function(firmware_component name)
    cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS;DEFINES" ${ARGN})
    foreach(variant ${WIPY_VARIANTS})
        _component_library(${name} ${variant})
        target_compile_options(${name}_${variant} PRIVATE ${WIPY_WARNINGS})
        if(variant STREQUAL virtual)
            target_compile_options(${name}_${variant} PRIVATE ${WIPY_TRAPS})
        endif()
        if(variant STREQUAL cross)
            set_target_properties(${name}_${variant} PROPERTIES EXCLUDE_FROM_ALL OFF)
        endif()
    endforeach()
endfunction()

# third_party_component(NAME SOURCES ... [DEPENDS ...] [DEFINES ...] [INCLUDES ...]): sources of others, without our warnings.
function(third_party_component name)
    cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS;DEFINES;INCLUDES" ${ARGN})
    foreach(variant ${WIPY_VARIANTS})
        _component_library(${name} ${variant})
        target_compile_options(${name}_${variant} PRIVATE -w)
        target_include_directories(${name}_${variant} SYSTEM PUBLIC ${arg_INCLUDES})
        target_compile_definitions(${name}_${variant} PUBLIC ${arg_DEFINES})
    endforeach()
endfunction()

macro(_component_library name variant)
    add_library(${name}_${variant} STATIC EXCLUDE_FROM_ALL ${arg_SOURCES})
    target_include_directories(${name}_${variant} PUBLIC ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}/generated)
    target_compile_options(${name}_${variant} PRIVATE ${WIPY_FLAGS_${variant}})
    target_compile_definitions(${name}_${variant} PRIVATE ${arg_DEFINES})
    foreach(_dependency ${arg_DEPENDS})
        target_link_libraries(${name}_${variant} PUBLIC ${_dependency}_${variant})
    endforeach()
endmacro()

# firmware_executable(NAME [SOURCES ...] DEPENDS ...): a static program for the virtual target's MCU, with the target's HAL. Without SOURCES main()
# comes from a component.
function(firmware_executable name)
    cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS;DEFINES" ${ARGN})
    # The HAL comes as objects: every component may need it, and none depends on it in the build, because tests bring their own.
    add_executable(${name} ${arg_SOURCES} $<TARGET_OBJECTS:hal_virtual>)
    target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}/generated)
    target_compile_options(${name} PRIVATE ${WIPY_FLAGS_virtual} ${WIPY_WARNINGS} ${WIPY_TRAPS})
    target_compile_definitions(${name} PRIVATE ${arg_DEFINES})
    target_link_options(${name} PRIVATE ${WIPY_MUSL_SPECS} -static -no-pie -Wl,--gc-sections -Wl,-z,noexecstack
        -Wl,--defsym=hal_interrupt_pending=0x20000000) # the first register: link/link.h
    set(libraries)
    foreach(dependency ${arg_DEPENDS})
        list(APPEND libraries ${dependency}_virtual)
    endforeach()
    target_link_libraries(${name} PRIVATE ${libraries})
endfunction()

# firmware_version(TARGET VERSION): the executable TARGET is this version of the firmware (lib/firmware_version.h).
function(firmware_version target version)
    target_sources(${target} PRIVATE ${PROJECT_SOURCE_DIR}/firmware/version.c)
    target_compile_definitions(${target} PRIVATE FIRMWARE_VERSION="${version}")
endfunction()

# wipy_firmware_image(NAME VERSION v OUTPUT file [SOURCES ...] [DEPENDS ...]): a firmware of the virtual target and its image, as the executable
# NAME and the target NAME_image. It is made of the component main unless DEPENDS says otherwise; SOURCES come in addition: one that defines main(),
# say, takes the place of the component's.
function(wipy_firmware_image name)
    cmake_parse_arguments(arg "" "VERSION;OUTPUT" "SOURCES;DEPENDS" ${ARGN})
    if(NOT arg_DEPENDS)
        set(arg_DEPENDS main)
    endif()
    firmware_executable(${name} SOURCES ${arg_SOURCES} DEPENDS ${arg_DEPENDS})
    firmware_version(${name} ${arg_VERSION})
    # Symbols stay in the executable, for looking up the addresses of faults.
    add_custom_command(OUTPUT ${arg_OUTPUT}
        COMMAND ${CMAKE_STRIP} -o ${name}.stripped $<TARGET_FILE:${name}>
        COMMAND image_pack ${name}.stripped ${arg_OUTPUT} ${arg_VERSION}
        DEPENDS ${name} image_pack
        VERBATIM)
    add_custom_target(${name}_image ALL DEPENDS ${arg_OUTPUT})
endfunction()

# host_program(TARGET): flags of a program of the host world.
function(host_program target)
    target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}/generated)
    target_compile_options(${target} PRIVATE ${WIPY_WARNINGS} ${WIPY_SANITIZERS})
    target_link_options(${target} PRIVATE ${WIPY_SANITIZERS})
    target_compile_definitions(${target} PRIVATE _GNU_SOURCE)
endfunction()
