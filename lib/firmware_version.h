/* The version of the firmware that this program is, e.g. "1.0.0"; each executable has its own. At most 31 bytes. */
#ifndef LIB_FIRMWARE_VERSION_H
#define LIB_FIRMWARE_VERSION_H

extern const char firmware_version[];

#endif
