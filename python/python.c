/* The life of Python on the WiPy: from reset to soft reset, for ever. */
#include "python/python.h"

#include "genhdr/mpversion.h"
#include "hal/reset.h"
#include "py/builtin.h"
#include "py/cstack.h"
#include "py/gc.h"
#include "py/mphal.h"
#include "py/objstr.h"
#include "py/runtime.h"
#include "python/main_script.h"
#include "python/modnetwork.h"
#include "python/modpyb.h"
#include "python/modsocket.h"
#include "python/vfs_storage.h"
#include "python/volumes.h"
#include "shared/readline/readline.h"
#include "shared/runtime/gchelper.h"
#include "shared/runtime/pyexec.h"
#include "system/heartbeat.h"
#include "update/update.h"

/* How much C stack Python may use; deeper recursion is a RuntimeError. Frames of a 64-bit machine
 * are twice as large. */
#define STACK_SIZE (48u * 1024u * (sizeof(void *) / 4))

static char heap[WIPY_HEAP_KIB * 1024u] __attribute__((aligned(16)));
static bool after_soft_reset, soft_reset_asked, interrupted;

const char *python_banner(void)
{
    return MICROPY_BANNER_NAME_AND_VERSION "; " MICROPY_BANNER_MACHINE;
}

enum hal_reset_cause python_reset_cause(void)
{
    return after_soft_reset ? HAL_RESET_SOFT : hal_reset_cause();
}

void gc_collect(void)
{
    gc_collect_start();
    gc_helper_collect_regs_and_stack();
    gc_collect_end();
}

void nlr_jump_fail(void *value)
{
    hal_fault("Python: an exception that nobody catches");
}

static const MP_DEFINE_STR_OBJ(path_flash, "/flash");
static const MP_DEFINE_STR_OBJ(path_lib, "/flash/lib");

static void start(void)
{
    gc_init(heap, heap + sizeof heap);
    mp_init();
    readline_init0();
    mp_obj_t path[] = {
        MP_OBJ_NEW_QSTR(MP_QSTR_), /* the current directory */
        MP_OBJ_FROM_PTR(&path_flash), MP_OBJ_FROM_PTR(&path_lib),
        MP_OBJ_NEW_QSTR(MP_QSTR__dot_frozen), /* asyncio, in the firmware */
    };
    mp_sys_path = mp_obj_new_list(MP_ARRAY_SIZE(path), path);
    mp_obj_list_init(MP_OBJ_TO_PTR(mp_sys_argv), 0);
    python_mount_volumes();
    MP_STATE_PORT(python_main) = MP_OBJ_NULL;
}

void python_ask_soft_reset(void)
{
    soft_reset_asked = true;
}

void python_note_end(void *exception)
{
    interrupted =
        exception != NULL && mp_obj_exception_match(MP_OBJ_FROM_PTR(exception),
                                                    MP_OBJ_FROM_PTR(&mp_type_KeyboardInterrupt));
}

/* Run a script. An error is printed, and shown by the LED. */
static void run_script(const char *path)
{
    interrupted = false;
    if (pyexec_file(path) == 0 && !interrupted) {
        heartbeat_error();
    }
}

/* boot.py, then main.py or what pyb.main() named (main_script.h). False: a script called machine.soft_reset().
 * sys.exit() only ends its script; a reset would start it again, for ever, and there would be no
 * prompt. */
static bool run_scripts(void)
{
    if (update_is_safe_boot()) {
        mp_printf(&mp_plat_print,
                  "safe boot: boot.py and main.py are not run until the next hard reset\n");
        return true;
    }
    interrupted = false;
    if (mp_import_stat("/flash/boot.py") == MP_IMPORT_STAT_FILE) {
        run_script("/flash/boot.py");
    }
    if (soft_reset_asked) {
        return false;
    }
    /* Nobody who drives the board by a program wants main.py, nor who pressed Ctrl-C: the prompt is
     * always within reach. */
    if (interrupted || pyexec_mode_kind == PYEXEC_MODE_RAW_REPL) {
        return true;
    }
    const char *main = python_find_main();
    if (main != NULL) {
        run_script(main);
    }
    return !soft_reset_asked;
}

/* One life of the prompt, until what pyexec returns. What is typed lives in the heap: a line for which there is no room raises where nobody
 * else catches it. */
static int prompt_once(void)
{
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        int result =
            pyexec_mode_kind == PYEXEC_MODE_RAW_REPL ? pyexec_raw_repl() : pyexec_friendly_repl();
        nlr_pop();
        return result;
    }
    readline_init0(); /* the history may be what fills the heap */
    gc_collect();
    mp_obj_print_exception(&mp_plat_print, MP_OBJ_FROM_PTR(nlr.ret_val));
    return 0;
}

static void prompt(void)
{
    while (!(prompt_once() & PYEXEC_FORCED_EXIT)) {
    }
}

static void stop(void)
{
    mp_printf(&mp_plat_print, "PYB: soft reboot\n");
    python_enable_irq();
    heartbeat_enable(true);
    python_forget_wlan_handler();
    python_abort_sockets();
    gc_sweep_all(); /* the finalisers close sockets and files */
    python_close_files();
    mp_deinit();
    after_soft_reset = true;
    soft_reset_asked = false;
}

void python_run(void)
{
    mp_cstack_init_with_sp_here(STACK_SIZE);
    for (;;) {
        start();
        if (run_scripts()) {
            prompt();
        }
        stop();
    }
}
