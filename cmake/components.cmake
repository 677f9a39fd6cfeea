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

# host_program(TARGET): flags of a program of the host world.
function(host_program target)
    target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}/generated)
    target_compile_options(${target} PRIVATE ${WIPY_WARNINGS} ${WIPY_SANITIZERS})
    target_link_options(${target} PRIVATE ${WIPY_SANITIZERS})
    target_compile_definitions(${target} PRIVATE _GNU_SOURCE)
endfunction()
