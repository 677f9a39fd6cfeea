/* The version that this program was built as, e.g. "1.0.0"; each executable has its own. At most 31 bytes. Users are told that of the image: update_version(). */
#ifndef LIB_FIRMWARE_VERSION_H
#define LIB_FIRMWARE_VERSION_H

extern const char firmware_version[];

#endif
