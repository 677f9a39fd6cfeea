/* The file systems of the WiPy: /flash (littlefs), and /sd (FAT12, FAT16, FAT32 or exFAT) while a
 * card is mounted.
 *
 * storage owns the only instance of each, outside the Python heap, and one list of open files:
 * Python, FTP and OTA all go through it. Paths are absolute UTF-8, NUL-terminated, components
 * separated by '/', up to STORAGE_PATH_MAX bytes, "." and ".." are not interpreted (callers
 * normalise). "/" is a directory of the mounted volumes: it can be listed and stat'ed, not changed.
 *
 * A file that is open for writing is open once; a file that is open at all is neither replaced,
 * removed nor renamed, and no directory that is being listed or has something open in it:
 * STORAGE_BUSY. No function polls the loop or is entered from within another
 * one (asserted; see storage_busy()). */
#ifndef STORAGE_STORAGE_H
#define STORAGE_STORAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STORAGE_NAME_MAX                                                                           \
    507 /* bytes in one component; /flash has up to 255, /sd 255 UTF-16 units */
#define STORAGE_PATH_MAX   512 /* bytes in a path, NUL included */
#define STORAGE_OPEN_FILES 24  /* files open at once, all users together */
#define STORAGE_OPEN_DIRS  8

/* 0 or a count is success; these are the errors. */
enum storage_error {
    STORAGE_OK = 0,
    STORAGE_NOT_FOUND = -1,
    STORAGE_EXISTS = -2,
    STORAGE_NOT_DIR = -3,
    STORAGE_IS_DIR = -4,
    STORAGE_NOT_EMPTY = -5,
    STORAGE_FULL = -6,   /* no room on the volume; what was synced before is intact */
    STORAGE_BUSY = -7,   /* open elsewhere */
    STORAGE_DENIED = -8, /* a reserved name, "/" itself, or a mount point */
    STORAGE_NAME_TOO_LONG = -9,
    STORAGE_INVALID =
        -10, /* empty name, control character, or not valid UTF-8; or a misuse of the handle */
    STORAGE_TOO_MANY = -11,  /* STORAGE_OPEN_FILES or STORAGE_OPEN_DIRS in use */
    STORAGE_NO_VOLUME = -12, /* the volume is not mounted (damaged, or no card) */
    STORAGE_CROSS = -13,     /* rename between volumes */
    STORAGE_IO = -14,        /* the chip or card failed, or the file system is damaged there */
    STORAGE_READ_ONLY = -15, /* the card's write-protect switch is set */
    STORAGE_NO_FILE_SYSTEM =
        -16,            /* the card has none that is known here, or a damaged one: docs/spec.md */
    STORAGE_GONE = -17, /* the card was taken out meanwhile */
    STORAGE_GAP = -18,  /* more than 64 MiB behind the end of a file of the card */
};

/* A short English phrase for an error, for users: "file exists". */
const char *storage_error_text(int error);
/* The same for an error of a call about `path`: says why there is no /sd. */
const char *storage_error_about(int error, const char *path);

enum storage_flash_state {
    STORAGE_FLASH_MOUNTED,
    STORAGE_FLASH_FORMATTED, /* it was erased; now it is formatted, has the first-boot files, and is
                                mounted */
    STORAGE_FLASH_DAMAGED,   /* neither erased nor mountable: left as it is, not mounted */
};

/* Mount /flash. Formats it only when the whole partition is erased (or holds just what a formatting
 * leaves that lost its power: the first page of its first two sectors), then writes the first-boot
 * files (boot.py, main.py, sys, lib, cert), and finishes that when a power cut interrupted it.
 * Removes what interrupted uploads left. Call once after reset. */
enum storage_flash_state storage_init(void);

/* Format /flash, whatever is on it, and mount it with the first-boot files. STORAGE_BUSY when a
 * file of it is open. */
int storage_format_flash(void);

/* True while a storage function is running (the loop asserts that it is not). */
bool storage_busy(void);

/* ---- the card: /sd. Mounted or not is the firmware's state, not Python's: it survives soft
 * resets. After a hard reset it is not mounted.
 *
 * While the slot is enabled, /sd is there whenever a card with a file system is in it. A card that
 * is taken out takes /sd with it: what is open on it gives STORAGE_GONE from then on, and its
 * handles stay their owners' until closed (storage_close() says STORAGE_GONE). Its write-protect
 * switch makes every change STORAGE_READ_ONLY.
 *
 * FAT is not littlefs. What STORAGE_REPLACE writes lies in clusters that belong to no name, until
 * storage_close() lets the name be theirs by writing one block. (An entry of exFAT that lies across
 * blocks is written in one trip, which hal/sdcard.h tells about. Only where it lies across clusters
 * that are not neighbours it takes two: a card that is pulled out between them has a folder that
 * gives STORAGE_IO from there on, until a PC's fsck has removed that entry.) But what is written
 * into an existing file is changed at once, truncating is committed at once, and renaming onto an
 * existing file removes that one first. A card that is pulled out in the middle of something may
 * keep clusters that belong to nothing: a PC's fsck gives them back. In the middle of a rename it
 * may keep both names, of the same clusters: the same rename again ends that. A gap of more than 64
 * MiB is STORAGE_GAP, because its zeros are really written, while everybody waits: write into it in
 * steps. */
enum storage_card {
    STORAGE_CARD_DISABLED,
    STORAGE_CARD_ABSENT,     /* enabled, and the slot is empty */
    STORAGE_CARD_UNREADABLE, /* enabled, and the card has no file system that is known here, or
                                gives errors */
    STORAGE_CARD_MOUNTED,
    STORAGE_CARD_FORMATTING,
};
enum storage_card storage_card(void);

/* Enable the slot, and mount the card that is in it. STORAGE_OK when it is mounted now (or was).
 * Otherwise the slot stays as it was: STORAGE_NO_VOLUME (no card), STORAGE_NO_FILE_SYSTEM,
 * STORAGE_IO, STORAGE_GONE, STORAGE_BUSY (it is being formatted). */
int storage_card_mount(void);

/* Unmount and disable the slot. STORAGE_BUSY: something is open on it. STORAGE_NO_VOLUME: it is not
 * enabled. */
int storage_card_unmount(void);

/* Follow the slot: a client of the loop. Mounts what was inserted and gives up what was ejected. */
void storage_card_poll(void);
/* The next poll has something to do, without any event. */
bool storage_card_wants_poll(void);

enum storage_fat { STORAGE_FAT_BY_SIZE, STORAGE_FAT16, STORAGE_FAT32, STORAGE_EXFAT };

/* Make an empty file system on the card that is in the slot, with a partition table as cards have
 * it. STORAGE_FAT_BY_SIZE: FAT12 or FAT16 up to 2 GiB, FAT32 up to 32 GiB, exFAT above, as the SD
 * standard has it. A card that was mounted is mounted afterwards. It takes long: between blocks
 * `between` is called, if it isn't NULL, outside of storage's guard: it may poll the loop; /sd is
 * STORAGE_BUSY meanwhile. STORAGE_BUSY (something is open on it, or it is being formatted),
 * STORAGE_NO_VOLUME, STORAGE_READ_ONLY, STORAGE_IO, STORAGE_GONE, STORAGE_INVALID (a card of this
 * size cannot have this type). */
int storage_card_format(enum storage_fat type, void (*between)(void));

/* ---- files. A handle belongs to the caller until closed; it is an index into a fixed pool, never
 * reused while open. */
struct storage_file;

enum storage_mode {
    STORAGE_READ = 1,      /* must exist */
    STORAGE_WRITE = 2,     /* may be combined with READ */
    STORAGE_CREATE = 4,    /* create when missing (with WRITE) */
    STORAGE_EXCLUSIVE = 8, /* with CREATE: STORAGE_EXISTS when it exists */
    STORAGE_TRUNCATE = 16,
    STORAGE_APPEND = 32, /* every write goes to the end */
    STORAGE_REPLACE =
        64, /* alone: write a new file aside. storage_close() puts it in the place of the old one,
               in one step that a power cut cannot split; storage_abandon() leaves the old one as it
               was. The name counts as open for writing. */
};

/* `*file` is set when it returns STORAGE_OK, and only then. */
int storage_open(struct storage_file **file, const char *path, unsigned mode);
/* A file of /flash without a name, for writing and reading: nobody else sees it, and it is gone
 * when it is closed, abandoned, or at the next start. */
int storage_open_scratch(struct storage_file **file);
/* Bytes read, 0 at the end. */
int32_t storage_read(struct storage_file *file, void *data, uint32_t size);
/* All `size` bytes or an error, for good; after an error the file keeps what the last sync or close
 * left. On a card that is full (or after STORAGE_GAP) a file that replaces no other one keeps more:
 * storage_close() commits all writes before the one that failed, and gives that one's error. (A
 * full /flash cannot: what littlefs has of a file that failed is not fit to be committed.) */
int32_t storage_write(struct storage_file *file, const void *data, uint32_t size);
enum storage_whence { STORAGE_SEEK_SET, STORAGE_SEEK_CUR, STORAGE_SEEK_END };
/* The new position, or an error; seeking behind the end is allowed, the gap reads as zeros when
 * written behind. */
int64_t storage_seek(struct storage_file *file, int64_t offset, enum storage_whence whence);
int64_t storage_tell(struct storage_file *file);
int64_t storage_size(struct storage_file *file);
int storage_truncate(struct storage_file *file, uint64_t size);
/* Write out everything: after it a power cut loses none of it. */
int storage_sync(struct storage_file *file);
/* Sync and close. The handle is gone whatever is returned; an error says that the last unsynced
 * part is lost, or of STORAGE_FULL on a card the write that failed. */
int storage_close(struct storage_file *file);
/* Close without committing what is unsynced (STORAGE_REPLACE: the old file stays). Never fails;
 * NULL is allowed. */
void storage_abandon(struct storage_file *file);

/* ---- names */
struct storage_stat {
    bool is_dir;
    bool read_only; /* marked so by FAT's attribute: it is neither changed nor removed */
    uint64_t size;  /* bytes; 0 for directories */
    uint32_t mtime; /* UTC seconds since 1970; 0 when unknown. Of "/" and mount points: now. FAT
                       keeps even seconds, from 1980 on */
};

int storage_stat(const char *path, struct storage_stat *stat);
int storage_set_mtime(const char *path, uint32_t mtime);
int storage_mkdir(const char *path);
int storage_remove(const char *path); /* a file; STORAGE_IS_DIR for a directory */
int storage_rmdir(const char *path);  /* an empty directory */
/* Also replaces an existing file (or an empty directory by a directory), in one step. */
int storage_rename(const char *from, const char *to);

struct storage_volume {
    uint32_t block_size; /* bytes */
    uint32_t blocks;
    uint32_t free_blocks;
    bool counting; /* a large card is still being counted: it may have more */
};
int storage_volume(const char *path, struct storage_volume *volume);

/* ---- directories. Entries come without "." and ".." and without reserved names, in no particular
 * order. */
struct storage_dir;
struct storage_entry {
    char name[STORAGE_NAME_MAX + 1];
    struct storage_stat stat;
};
int storage_opendir(struct storage_dir **dir, const char *path);
int storage_readdir(struct storage_dir *dir,
                    struct storage_entry *entry); /* 1: an entry, 0: the end, or an error */
void storage_closedir(struct storage_dir *dir);   /* NULL is allowed */

#endif
