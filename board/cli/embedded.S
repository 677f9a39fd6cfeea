/* The boot loader and the factory image, as the program carries them: for new boards. */
    .section .rodata
    .macro embed name, file
    .global \name, \name\()_end
    .balign 4096
\name:
    .incbin "\file"
\name\()_end:
    .byte 0
    .endm

    embed embedded_bootloader, BOOTLOADER_FILE
    embed embedded_factory, FACTORY_FILE

    .section .note.GNU-stack, "", %progbits
