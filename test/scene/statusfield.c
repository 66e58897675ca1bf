/* Reads a List of Items with Parameters [RFC 9651 §3.1], octet by octet.
 */
#include "statusfield.h"

#include <string.h>

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_alpha(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

static bool is_token_octet(char byte)
{
    return byte && (is_alpha(byte) || is_digit(byte) || strchr("!#$%&'*+-.^_`|~:/", byte));
}

static bool put(char to[STATUSFIELD_WORD], size_t *len, char byte)
{
    if (*len + 1 >= STATUSFIELD_WORD)
        return false;
    to[(*len)++] = byte;
    to[*len] = '\0';
    return true;
}

static bool read_string(const char **at, char to[STATUSFIELD_WORD])
{
    size_t len = 0;
    to[0] = '\0';
    for ((*at)++; **at != '"'; (*at)++) {
        if (**at == '\\' && *++*at != '"' && **at != '\\')
            return false;
        if ((unsigned char)**at < 0x20 || (unsigned char)**at > 0x7e || !put(to, &len, **at))
            return false;
    }
    (*at)++;
    return true;
}

/* An Integer, a Token, a String or a Boolean. */
static bool read_item(const char **at, char to[STATUSFIELD_WORD])
{
    size_t len = 0;
    to[0] = '\0';
    if (**at == '"')
        return read_string(at, to);
    if (**at == '?') {
        const bool good = (*at)[1] == '0' || (*at)[1] == '1';
        put(to, &len, '?');
        put(to, &len, (*at)[1]);
        *at += good ? 2 : 0;
        return good;
    }
    if (**at == '-' || is_digit(**at)) {
        const bool negative = **at == '-';
        do {
            if (!put(to, &len, *(*at)++))
                return false;
        } while (is_digit(**at));
        return len > negative && len <= 15u + negative;
    }
    if (!is_alpha(**at) && **at != '*')
        return false;
    while (is_token_octet(**at)) {
        if (!put(to, &len, *(*at)++))
            return false;
    }
    return true;
}

static bool read_key(const char **at, char to[STATUSFIELD_WORD])
{
    size_t len = 0;
    if (!(**at >= 'a' && **at <= 'z') && **at != '*')
        return false;
    while ((**at >= 'a' && **at <= 'z') || is_digit(**at) || (**at && strchr("_-.*", **at))) {
        if (!put(to, &len, *(*at)++))
            return false;
    }
    return true;
}

static bool read_member(struct statusfield *field, const char **at)
{
    field->count = 0;
    if (!read_item(at, field->name))
        return false;
    while (**at == ';') {
        if (field->count == STATUSFIELD_PARAMETERS)
            return false;
        (*at)++;
        *at += strspn(*at, " ");
        char *value = field->parameters[field->count].value;
        if (!read_key(at, field->parameters[field->count].name))
            return false;
        strcpy(value, "?1");
        if (**at == '=') {
            (*at)++;
            if (!read_item(at, value))
                return false;
        }
        field->count++;
    }
    field->members++;
    return true;
}

bool statusfield_read(struct statusfield *field, const char *text)
{
    *field = (struct statusfield){.members = 0};
    for (;;) {
        if (!read_member(field, &text))
            return false;
        text += strspn(text, " \t");
        if (!*text)
            return true;
        if (*text++ != ',')
            return false;
        text += strspn(text, " \t");
    }
}

const char *statusfield_get(const struct statusfield *field, const char *name)
{
    for (size_t i = 0; i < field->count; i++) {
        if (strcmp(field->parameters[i].name, name) == 0)
            return field->parameters[i].value;
    }
    return NULL;
}
