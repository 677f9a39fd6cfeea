/* Configuration of FatFs (MicroPython's lib/oofatfs, R0.13c), for storage/ and for the file systems
 * that Python makes on block devices of its own. */
#define FFCONF_DEF 86604 /* the revision that this is for */

#define FF_FS_READONLY  0
#define FF_FS_MINIMIZE  0
#define FF_USE_STRFUNC  0
#define FF_USE_FIND     0
#define FF_USE_MKFS     1
#define FF_USE_FASTSEEK 0
#define FF_USE_EXPAND   0
#define FF_USE_CHMOD    1 /* f_utime() */
#define FF_USE_LABEL    0
#define FF_USE_FORWARD  0

/* Of short names. Unlike 437 it has the capitals of all its letters; FatFs takes the others' bare
 * letters instead, and then opens E.TXT for the same name with an accent. */
#define FF_CODE_PAGE   852
#define FF_USE_LFN     2 /* on the stack, about 1.2 KB */
#define FF_MAX_LFN     255
#define FF_LFN_UNICODE 2   /* UTF-8 */
#define FF_LFN_BUF     507 /* bytes: STORAGE_NAME_MAX; a longer name is listed by its short one */
#define FF_SFN_BUF     34  /* 11 characters of the code page, a dot: up to 3 bytes each */
#define FF_STRF_ENCODE 3
#define FF_FS_RPATH    2 /* f_chdir(), f_getcwd(): for Python's */

#define FF_VOLUMES         1
#define FF_STR_VOLUME_ID   0
#define FF_MULTI_PARTITION 0 /* the first partition that has a file system, or the whole medium */
#define FF_MIN_SS          512
#define FF_MAX_SS          512
#define FF_USE_TRIM        0
#define FF_FS_NOFSINFO     0

#define FF_FS_TINY      0 /* a buffer for each open file: logs that grow by lines take few writes */
#define FF_FS_EXFAT     1
#define FF_FS_NORTC     0
#define FF_FS_LOCK      0 /* storage/ has rules of its own for what is open */
#define FF_FS_REENTRANT 0
