/* Functions of module pyb that module machine has too, and what they share with the rest of the
 * port. */
#ifndef PYTHON_MODPYB_H
#define PYTHON_MODPYB_H

#include "hal/reset.h"
#include "py/obj.h"

MP_DECLARE_CONST_FUN_OBJ_0(pyb_unique_id_obj);
MP_DECLARE_CONST_FUN_OBJ_0(pyb_freq_obj);
MP_DECLARE_CONST_FUN_OBJ_0(pyb_rng_obj);
MP_DECLARE_CONST_FUN_OBJ_0(pyb_disable_irq_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(pyb_enable_irq_obj);
MP_DECLARE_CONST_FUN_OBJ_1(pyb_main_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(pyb_info_obj);
MP_DECLARE_CONST_FUN_OBJ_0(pyb_sync_obj);

extern const mp_obj_type_t pyb_heartbeat_type;
extern const mp_obj_type_t pyb_wdt_type;
extern const mp_obj_type_t python_rtc_type;
extern const mp_obj_type_t python_sd_type;

/* Volumes that a program has mounted on the card's blocks may not go on: the card is in use
 * otherwise. */
void python_sd_end_volumes(void);

/* Is `self`, the readblocks[1] of a volume's block device, the card? And is it in the slot still,
 * without having been in use otherwise? MP_OBJ_NULL is allowed. */
bool python_sd_has_blocks(mp_obj_t self);
bool python_sd_is_current(mp_obj_t self);

/* Start the watchdog, or start it again; raises ValueError for a time-out outside its limits. */
void python_start_watchdog(mp_int_t timeout_ms);

/* Why this run of Python began: HAL_RESET_SOFT after a soft reset, else the hardware's cause. */
enum hal_reset_cause python_reset_cause(void);

/* The SystemExit that is raised next means a soft reset wherever it comes from. */
void python_ask_soft_reset(void);

/* Reset the MCU; the files of Python are closed before. */
_Noreturn void python_hard_reset(void);

#endif
