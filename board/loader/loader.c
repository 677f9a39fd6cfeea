/* The trusted program that becomes the MCU: it maps the MCU's memory, copies an executable from the
 * flash into it, locks the process down, and jumps. Nothing that comes from flash runs before the
 * sandbox is closed, and none of it is ever given to exec.
 *
 * loader ADDRESS SIZE: runs the ELF executable of SIZE bytes at flash address ADDRESS. Inherits the
 * descriptors of loader.h. It is linked far above the MCU's memory map. */
#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "board/loader/loader.h"
#include "lib/flash_map.h"
#include "link/link.h"

#if defined(__x86_64__)
#define MACHINE EM_X86_64
#elif defined(__aarch64__)
#define MACHINE EM_AARCH64
#else
#error "which machine code does this host run?"
#endif

#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif

#define SEGMENTS_MAX 16
#define MEMORY_MAX   (48ul << 20) /* of the program: code, data and RAM */
#define ADDRESS_MAX  (64ul << 20) /* of the process: that, the stack and this program */

static struct link_registers *registers;
static uintptr_t page_mask;

static _Noreturn void fail(const char *reason)
{
    if (registers) {
        strncpy(registers->fault.reason, reason, sizeof registers->fault.reason - 1);
        registers->fault.signal = LINK_FAULT_REASON;
    }
    _exit(1);
}

static void *map(uintptr_t address, size_t size, int protection, int flags, int fd)
{
    void *place = mmap((void *)address, size, protection, flags | MAP_FIXED_NOREPLACE, fd, 0);
    if (place != (void *)address) {
        fail("MCU: memory cannot be mapped");
    }
    return place;
}

/* The board may have died before PR_SET_PDEATHSIG: then the other end of the bus is closed. */
static void die_with_board(void)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    struct pollfd bus = {.fd = LINK_FD_BUS};
    if (poll(&bus, 1, 0) != 0) {
        _exit(1);
    }
}

static void read_flash(uint32_t address, void *data, size_t size)
{
    uint8_t *to = data;
    if (pread(LINK_FD_FLASH, to, size, address) != (ssize_t)size) {
        fail("MCU: the flash cannot be read");
    }
    for (size_t i = 0; i < size; i++) {
        to[i] = (uint8_t)~to[i];
    }
}

/* ---- the executable */
struct program {
    Elf64_Ehdr header;
    Elf64_Phdr segments[SEGMENTS_MAX];
    uintptr_t segments_address; /* where the program finds its own headers */
};

static void check_header(const Elf64_Ehdr *header, uint32_t size)
{
    if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_ident[EI_CLASS] != ELFCLASS64 ||
        header->e_ident[EI_DATA] != ELFDATA2LSB || header->e_type != ET_EXEC) {
        fail("executable: not a static ELF executable");
    }
    if (header->e_machine != MACHINE) {
        fail("executable: machine code of another processor");
    }
    if (header->e_phentsize != sizeof(Elf64_Phdr) || header->e_phnum == 0 ||
        header->e_phnum > SEGMENTS_MAX || header->e_phoff > size ||
        header->e_phnum * sizeof(Elf64_Phdr) > size - header->e_phoff) {
        fail("executable: bad program headers");
    }
}

static void check_segment(const Elf64_Phdr *segment, uint32_t size)
{
    if (segment->p_filesz > segment->p_memsz || segment->p_offset > size ||
        segment->p_filesz > size - segment->p_offset) {
        fail("executable: a segment lies outside of the file");
    }
    if (segment->p_vaddr < LINK_PROGRAM_ADDRESS || segment->p_vaddr >= LINK_PROGRAM_END ||
        segment->p_memsz > LINK_PROGRAM_END - segment->p_vaddr || segment->p_memsz > MEMORY_MAX) {
        fail("executable: a segment lies outside of the MCU's memory");
    }
    if ((segment->p_flags & PF_W) && (segment->p_flags & PF_X)) {
        fail("executable: a segment is both writable and executable");
    }
}

static void load_segment(const Elf64_Phdr *segment, uint32_t address)
{
    uintptr_t begin = segment->p_vaddr & page_mask;
    uintptr_t end = (segment->p_vaddr + segment->p_memsz + ~page_mask) & page_mask;
    map(begin, end - begin, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    read_flash(address + (uint32_t)segment->p_offset, (void *)segment->p_vaddr, segment->p_filesz);
    int protection = PROT_READ | (segment->p_flags & PF_W ? PROT_WRITE : 0) |
                     (segment->p_flags & PF_X ? PROT_EXEC : 0);
    if (protection != (PROT_READ | PROT_WRITE) &&
        mprotect((void *)begin, end - begin, protection) < 0) {
        fail("MCU: memory cannot be protected");
    }
}

static void load(struct program *program, uint32_t address, uint32_t size)
{
    if (address > FLASH_SIZE || size > FLASH_SIZE - address || size < sizeof program->header) {
        fail("executable: outside of the flash, or truncated");
    }
    Elf64_Ehdr *header = &program->header;
    read_flash(address, header, sizeof *header);
    check_header(header, size);
    read_flash(address + (uint32_t)header->e_phoff, program->segments,
               header->e_phnum * sizeof(Elf64_Phdr));

    bool entry_found = false;
    size_t memory = 0;
    for (size_t i = 0; i < header->e_phnum; i++) {
        const Elf64_Phdr *segment = &program->segments[i];
        if (segment->p_type == PT_INTERP || segment->p_type == PT_DYNAMIC) {
            fail("executable: not a static ELF executable");
        }
        if (segment->p_type != PT_LOAD || segment->p_memsz == 0) {
            continue;
        }
        check_segment(segment, size);
        memory += segment->p_memsz;
        if (memory > MEMORY_MAX) {
            fail("executable: needs more memory than the MCU has");
        }
        load_segment(segment, address);
        entry_found |= (segment->p_flags & PF_X) && header->e_entry >= segment->p_vaddr &&
                       header->e_entry - segment->p_vaddr < segment->p_memsz;
        if (header->e_phoff >= segment->p_offset &&
            header->e_phoff - segment->p_offset + header->e_phnum * sizeof(Elf64_Phdr) <=
                segment->p_filesz) {
            program->segments_address = segment->p_vaddr + header->e_phoff - segment->p_offset;
        }
    }
    if (!entry_found || !program->segments_address) {
        fail("executable: no entry point, or no program headers in memory");
    }
}

/* ---- the stack that the program starts on: no arguments, no environment, and what its C library
 * asks of the kernel */
static uintptr_t make_stack(const struct program *program)
{
    map(LINK_STACK_ADDRESS, LINK_STACK_SIZE, PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
    uint8_t *top = (uint8_t *)LINK_STACK_ADDRESS + LINK_STACK_SIZE - 16;
    memcpy(top, (const void *)getauxval(AT_RANDOM), 16);
    const uint64_t start[] = {
        0, /* argc */
        0, /* argv */
        0, /* environment */
        AT_PHDR,
        program->segments_address,
        AT_PHENT,
        sizeof(Elf64_Phdr),
        AT_PHNUM,
        program->header.e_phnum,
        AT_ENTRY,
        program->header.e_entry,
        AT_PAGESZ,
        getauxval(AT_PAGESZ),
        AT_HWCAP,
        getauxval(AT_HWCAP),
        AT_HWCAP2,
        getauxval(AT_HWCAP2),
        AT_SYSINFO_EHDR,
        getauxval(AT_SYSINFO_EHDR),
        AT_MINSIGSTKSZ,
        getauxval(AT_MINSIGSTKSZ),
        AT_RANDOM,
        (uintptr_t)top,
        AT_NULL,
        0,
    };
    uintptr_t stack = ((uintptr_t)top - sizeof start) & ~15ul;
    memcpy((void *)stack, start, sizeof start);
    return stack;
}

/* ---- the sandbox */
static void limit(int resource, rlim_t value)
{
    struct rlimit both = {value, value};
    if (setrlimit(resource, &both) < 0) {
        fail("MCU: a limit cannot be set");
    }
}

static void close_sandbox(void)
{
    static struct {
        unsigned short code;
        unsigned char jump_true, jump_false;
        unsigned value;
    } filter[LOADER_FILTER_MAX];
    ssize_t size = pread(LOADER_FD_FILTER, filter, sizeof filter, 0);
    struct {
        unsigned short count;
        const void *instructions;
    } program = {(unsigned short)(size / (ssize_t)sizeof filter[0]), filter};
    if (size <= 0 || size % (ssize_t)sizeof filter[0] != 0) {
        fail("MCU: no filter");
    }

    if (syscall(SYS_close_range, 0, 2, 0) < 0 ||
        syscall(SYS_close_range, LINK_FD_FLASH + 1, UINT_MAX, 0) < 0) {
        fail("MCU: descriptors cannot be closed");
    }
    limit(RLIMIT_NOFILE, LINK_FD_FLASH + 1);
    limit(RLIMIT_NPROC, 0);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_FSIZE, 0);
    limit(RLIMIT_AS, ADDRESS_MAX);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
        prctl(PR_SET_SECCOMP, 2 /* filter */, &program, 0, 0) < 0) {
        fail("MCU: the filter cannot be installed");
    }
}

static _Noreturn void jump(uintptr_t entry, uintptr_t stack)
{
#if defined(__x86_64__)
    __asm__ volatile("mov %1, %%rsp\n\txor %%edx, %%edx\n\txor %%ebp, %%ebp\n\tjmp *%0"
                     :
                     : "a"(entry), "c"(stack)
                     : "memory");
#else
    __asm__ volatile("mov sp, %1\n\tmov x0, 0\n\tmov x29, 0\n\tmov x30, 0\n\tbr %0"
                     :
                     : "r"(entry), "r"(stack)
                     : "x0", "memory");
#endif
    __builtin_unreachable();
}

int main(int argc, char **argv)
{
    page_mask = ~(getauxval(AT_PAGESZ) - 1);
    registers = map(LINK_REGISTERS_ADDRESS, LINK_REGISTERS_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
                    LOADER_FD_REGISTERS);
    die_with_board();
    setsid(); /* Ctrl-C at the board's terminal is the board's */
    prctl(PR_SET_NAME, "wipy-mcu", 0, 0, 0);
    prctl(PR_SET_TIMERSLACK, 1000ul, 0, 0, 0); /* nanoseconds: sleeps end on time */

    static struct program program;
    load(&program, (uint32_t)strtoul(argv[1], NULL, 10), (uint32_t)strtoul(argv[2], NULL, 10));
    uintptr_t stack = make_stack(&program);

    sigset_t none;
    sigemptyset(&none);
    signal(SIGPIPE, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    close_sandbox();
    jump(program.header.e_entry, stack);
}
