/* The numbers of telnet (RFC 854), which the control connection of FTP speaks, too. */
#ifndef NET_TELNET_TELNET_CODES_H
#define NET_TELNET_TELNET_CODES_H

enum telnet_command {
    TELNET_SE = 240,
    TELNET_NOP = 241,
    TELNET_DM = 242,
    TELNET_BRK = 243,
    TELNET_IP = 244,
    TELNET_AO = 245,
    TELNET_AYT = 246,
    TELNET_EC = 247,
    TELNET_EL = 248,
    TELNET_GA = 249,
    TELNET_SB = 250,
    TELNET_WILL = 251,
    TELNET_WONT = 252,
    TELNET_DO = 253,
    TELNET_DONT = 254,
    TELNET_IAC = 255,
};

enum telnet_option {
    TELNET_BINARY = 0,    /* RFC 856 */
    TELNET_ECHO = 1,      /* RFC 857 */
    TELNET_SGA = 3,       /* RFC 858 */
    TELNET_NAWS = 31,     /* RFC 1073 */
    TELNET_LINEMODE = 34, /* RFC 1184 */
};

#endif
