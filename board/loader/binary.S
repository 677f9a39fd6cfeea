/* The loader's executable as data: loader_binary to loader_binary_end. */
    .section .rodata
    .global loader_binary, loader_binary_end
    .balign 16
loader_binary:
    .incbin LOADER_FILE
loader_binary_end:
    .section .note.GNU-stack, "", %progbits
