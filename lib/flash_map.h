/* The partition table of the serial flash: one table for both worlds (docs/spec.md, "Flash map").
 *
 * The chip is a 16 MiB serial NOR flash: 4 KiB sectors, 256-byte pages, an erased byte reads 0xFF, programming
 * only clears bits. Addresses and sizes are in bytes from the start of the chip; every partition begins and ends
 * on a sector boundary. */
#ifndef LIB_FLASH_MAP_H
#define LIB_FLASH_MAP_H

#define FLASH_SIZE        0x1000000u
#define FLASH_SECTOR_SIZE 4096u
#define FLASH_PAGE_SIZE   256u

#define FLASH_BOOTLOADER_ADDRESS  0x000000u /* ELF of the boot loader; write-protected by the chip */
#define FLASH_BOOTLOADER_SIZE     0x040000u
#define FLASH_FACTORY_ADDRESS     0x040000u /* factory image; write-protected by the chip */
#define FLASH_FACTORY_SIZE        0x200000u
#define FLASH_PROTECTED_SIZE      0x240000u /* the chip refuses to change what lies below */
#define FLASH_SLOT_A_ADDRESS      0x240000u /* user updates: three places for the roles latest, previous, spare */
#define FLASH_SLOT_B_ADDRESS      0x440000u
#define FLASH_SLOT_C_ADDRESS      0x640000u
#define FLASH_SLOT_SIZE           0x200000u
#define FLASH_BOOT_RECORD_ADDRESS 0x840000u /* two sectors, the newer valid one wins */
#define FLASH_BOOT_RECORD_SIZE    0x002000u
#define FLASH_CONFIG_ADDRESS      0x842000u /* credentials, WLAN: two sectors, the same scheme */
#define FLASH_CONFIG_SIZE         0x002000u
#define FLASH_HIDDEN_ADDRESS      0x844000u /* certificates: ca.pem, cert.pem, private.key */
#define FLASH_HIDDEN_SIZE         0x00c000u
#define FLASH_FS_ADDRESS          0x850000u /* /flash: littlefs, the rest of the chip */
#define FLASH_FS_SIZE             (FLASH_SIZE - FLASH_FS_ADDRESS)

#endif
