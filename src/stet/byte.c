/* The table of octet classes that the scanners share.
 *
 * Each class is written down once as a condition on the octet, and the compiler works out the 256
 * rows. The price is a wall of macros; a table typed by hand could not be checked by eye.
 */
#include "stet/byte.h"

#define DIGIT(c) ((c) >= '0' && (c) <= '9')
#define ALPHA(c) ((((c) | 0x20) >= 'a') && (((c) | 0x20) <= 'z'))
#define HEX(c) (DIGIT(c) || ((((c) | 0x20) >= 'a') && (((c) | 0x20) <= 'f')))
#define OBS_TEXT(c) ((c) >= 0x80)

#define TCHAR(c)                                                                                   \
    (ALPHA(c) || DIGIT(c) || (c) == '!' || (c) == '#' || (c) == '$' || (c) == '%' || (c) == '&' || \
     (c) == '\'' || (c) == '*' || (c) == '+' || (c) == '-' || (c) == '.' || (c) == '^' ||          \
     (c) == '_' || (c) == '`' || (c) == '|' || (c) == '~')
#define ETAGC(c) ((c) == 0x21 || ((c) >= 0x23 && (c) <= 0x7e) || OBS_TEXT(c))
#define QDTEXT(c) \
    ((c) == '\t' || ((c) >= 0x20 && (c) <= 0x7e && (c) != '"' && (c) != '\\') || OBS_TEXT(c))
#define LIST_STOP(c) ((c) == '"' || (c) == ',')
#define UNRESERVED(c) (ALPHA(c) || DIGIT(c) || (c) == '-' || (c) == '.' || (c) == '_' || (c) == '~')
#define SUB_DELIM(c)                                                                      \
    ((c) == '!' || (c) == '$' || (c) == '&' || (c) == '\'' || (c) == '(' || (c) == ')' || \
     (c) == '*' || (c) == '+' || (c) == ',' || (c) == ';' || (c) == '=')
#define REG_NAME(c) (UNRESERVED(c) || SUB_DELIM(c))
#define BROWSER_PATH(c) ((c) == '[' || (c) == ']' || (c) == '|' || (c) == '^')
#define BROWSER_QUERY(c) (BROWSER_PATH(c) || (c) == '{' || (c) == '}' || (c) == '`' || (c) == '\\')
#define PATH(c) (REG_NAME(c) || (c) == ':' || (c) == '@' || (c) == '/' || BROWSER_PATH(c))
#define QUERY(c) (PATH(c) || (c) == '?' || BROWSER_QUERY(c))

#define ROW(c)                                                                                    \
    (TCHAR(c) ? BYTE_TCHAR : 0) | (ETAGC(c) ? BYTE_ETAGC : 0) | (QDTEXT(c) ? BYTE_QDTEXT : 0) |   \
        (LIST_STOP(c) ? BYTE_LIST_STOP : 0) | (UNRESERVED(c) ? BYTE_UNRESERVED : 0) |             \
        (HEX(c) ? BYTE_HEX : 0) | (REG_NAME(c) ? BYTE_REG_NAME : 0) | (PATH(c) ? BYTE_PATH : 0) | \
        (QUERY(c) ? BYTE_QUERY : 0)
#define ROWS_4(c) ROW(c), ROW((c) + 1), ROW((c) + 2), ROW((c) + 3)
#define ROWS_16(c) ROWS_4(c), ROWS_4((c) + 4), ROWS_4((c) + 8), ROWS_4((c) + 12)
#define ROWS_64(c) ROWS_16(c), ROWS_16((c) + 16), ROWS_16((c) + 32), ROWS_16((c) + 48)

const uint16_t stet_byte_class[256] = {ROWS_64(0), ROWS_64(64), ROWS_64(128), ROWS_64(192)};
