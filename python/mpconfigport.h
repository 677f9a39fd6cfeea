/* What MicroPython is on the WiPy. MicroPython's own sources include this first (py/mpconfig.h);
 * what is not said here has its default for the feature level below. */
#ifndef PYTHON_MPCONFIGPORT_H
#define PYTHON_MPCONFIGPORT_H

#include <alloca.h>
#include <stdint.h>
#include <sys/types.h>

#include "hal/interrupt.h"

/* ---- the machine */
typedef intptr_t mp_int_t;
typedef uintptr_t mp_uint_t;
typedef long mp_off_t;

#if UINTPTR_MAX > 0xFFFFFFFFu
#define INT_FMT      "%ld"
#define UINT_FMT     "%lu"
#define MPZ_DIG_SIZE (32) /* as the frozen modules are made (micropython.cmake) */
#define MP_SSIZE_MAX INT64_MAX
#else
#define MPZ_DIG_SIZE (16)
#define MP_SSIZE_MAX INT32_MAX
#endif

#define MICROPY_HW_BOARD_NAME   "WiPy"
#define MICROPY_PY_SYS_PLATFORM "WiPy"
#ifdef __arm__
#define MICROPY_HW_MCU_NAME "Cortex-M4"
#else
#define MICROPY_HW_MCU_NAME "virtual MCU"
#endif

/* ---- the language: all of it, except what makes native code (its loops would not poll) and what
 * only debugs the VM */
#define MICROPY_CONFIG_ROM_LEVEL (MICROPY_CONFIG_ROM_LEVEL_EVERYTHING)
#define MICROPY_PY_RE_DEBUG      (0)
#define MICROPY_PY_MARSHAL       (0)

#define MICROPY_FLOAT_IMPL   (MICROPY_FLOAT_IMPL_DOUBLE)
#define MICROPY_LONGINT_IMPL (MICROPY_LONGINT_IMPL_MPZ)

#define MICROPY_ENABLE_GC                      (1)
#define MICROPY_STACK_CHECK_MARGIN             (4096)
#define MICROPY_ENABLE_EMERGENCY_EXCEPTION_BUF (1)
#define MICROPY_EMERGENCY_EXCEPTION_BUF_SIZE   (256)
#define MICROPY_PY_GC_COLLECT_RETVAL           (1)
#define MICROPY_OPT_COMPUTED_GOTO              (1)
#define MICROPY_PERSISTENT_CODE_LOAD           (1)
#define MICROPY_MODULE_FROZEN_MPY              (1)
#define MICROPY_QSTR_EXTRA_POOL                mp_qstr_frozen_const_pool
#define MICROPY_SCHEDULER_DEPTH                (8)
#define MICROPY_WARNINGS                       (1)
#define MICROPY_USE_INTERNAL_PRINTF            (0)
#define MICROPY_USE_INTERNAL_ERRNO             (1)

/* ---- one loop: the VM polls it whenever a part may have something to say (hal/interrupt.h) */
void python_poll(void);
#define MICROPY_VM_HOOK_POLL                                                                       \
    if (MP_UNLIKELY(hal_interrupt_pending)) {                                                      \
        python_poll();                                                                             \
    }
#define MICROPY_VM_HOOK_LOOP        MICROPY_VM_HOOK_POLL
#define MICROPY_VM_HOOK_RETURN      MICROPY_VM_HOOK_POLL
#define MICROPY_INTERNAL_EVENT_HOOK MICROPY_VM_HOOK_POLL

/* Sleep until an event, or until board time has gone on by `ms` (-1: no limit). */
void python_wait_ms(mp_uint_t ms);
#define MICROPY_INTERNAL_WFE(timeout_ms) python_wait_ms((mp_uint_t)(timeout_ms))

/* ---- the prompt */
#define MICROPY_HELPER_REPL           (1)
#define MICROPY_READLINE_HISTORY_SIZE (50)
/* Raw paste announces half of this as two bytes: 04 04, as Python's telnetlib, through which
 * pyboard.py logs in, swallows zero bytes. */
#define MICROPY_REPL_STDIN_BUFFER_MAX (2056)
#define MICROPY_PY_BUILTINS_HELP_TEXT python_help_text
/* A program that failed with interrupts disabled leaves a prompt that works (modpyb.c). */
#define MICROPY_BOARD_BEFORE_PYTHON_EXEC(input_kind, exec_flags) python_enable_irq()
void python_enable_irq(void);
/* Ctrl-C during boot.py means that main.py is not wanted either (python.c). */
#define MICROPY_BOARD_AFTER_PYTHON_EXEC(input_kind, exec_flags, exception, result)                 \
    python_note_end(exception)
void python_note_end(void *exception);

/* ---- files: our own file system type over storage/ (vfs_storage.c), and MicroPython's for block devices of programs */
#define MICROPY_ENABLE_FINALISER (1)
#define MICROPY_VFS              (1)
#define MICROPY_READER_VFS       (1)
#define MICROPY_VFS_FAT          (1)
#define MICROPY_VFS_LFS2         (1)
#define MICROPY_EPOCH_IS_1970    (1)

/* ---- modules */
/* What storage and sockets report has a name in module errno and in tracebacks. */
#define MP_ENAMETOOLONG (36)
#define MP_ENOTEMPTY    (39)
/* clang-format off */
#define MICROPY_PY_ERRNO_LIST                                                                      \
    X(EPERM) X(ENOENT) X(EIO) X(EBADF) X(EAGAIN) X(ENOMEM) X(EACCES) X(EBUSY) X(EEXIST) X(EXDEV)   \
    X(ENODEV) X(ENOTDIR) X(EISDIR) X(EINVAL) X(EMFILE) X(ENOSPC) X(EROFS) X(EPIPE)                 \
    X(ENAMETOOLONG) X(ENOTEMPTY) X(EOPNOTSUPP) X(EADDRINUSE) X(ECONNABORTED) X(ECONNRESET)         \
    X(ENOBUFS) X(EISCONN) X(ENOTCONN) X(ETIMEDOUT) X(ECONNREFUSED) X(EHOSTUNREACH) X(EALREADY)     \
    X(EINPROGRESS)
/* clang-format on */

#define MICROPY_PY_OS_INCLUDEFILE           "python/os_port.c"
#define MICROPY_PY_OS_UNAME                 (1)
#define MICROPY_PY_OS_UNAME_RELEASE_DYNAMIC (1)
#define MICROPY_PY_OS_URANDOM               (1)
#define MICROPY_PY_OS_SYNC                  (0)

#define MICROPY_PY_TIME_INCLUDEFILE             "python/time_port.c"
#define MICROPY_PY_TIME_TIME_TIME_NS            (1)
#define MICROPY_PY_TIME_GMTIME_LOCALTIME_MKTIME (1)
#define MICROPY_PY_TIME_CUSTOM_SLEEP            (1)

#define MICROPY_PY_MACHINE               (1)
#define MICROPY_PY_MACHINE_INCLUDEFILE   "python/machine_port.c"
#define MICROPY_PY_MACHINE_RESET         (1)
#define MICROPY_PY_MACHINE_SIGNAL        (0)
#define MICROPY_PY_MACHINE_EXTRA_GLOBALS PYTHON_MACHINE_GLOBALS
#define MICROPY_PY_MACHINE_WDT             (1)
#define MICROPY_PY_MACHINE_WDT_INCLUDEFILE "python/wdt_port.c"

#define MICROPY_PY_LWIP                   (1)
#define MICROPY_PY_SYS_EXC_INFO           (1)
#define MICROPY_PY_SYS_PATH_ARGV_DEFAULTS (0) /* python.c */
#define MICROPY_PY_RANDOM_SEED_INIT_FUNC  (python_random_seed())
unsigned long python_random_seed(void);

/* hashlib takes its functions from mbedTLS, without TLS. */
#define MICROPY_SSL_MBEDTLS     (1)
#define MICROPY_PY_HASHLIB_MD5  (1)
#define MICROPY_PY_HASHLIB_SHA1 (1)

/* Root pointers of the VM's state are the port's too. */
#define MP_STATE_PORT MP_STATE_VM

#endif
