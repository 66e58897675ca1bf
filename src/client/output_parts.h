/* What the two files of outputs share.
 */
#ifndef CLIENT_OUTPUT_PARTS_H
#define CLIENT_OUTPUT_PARTS_H

#include "client/output.h"

#include <sys/types.h>

enum output_kind { OUTPUT_STREAM, OUTPUT_FILE, OUTPUT_SPOOL };

enum output_state {
    OUTPUT_IDLE,
    OUTPUT_COMPARES, /* all was as in the file so far */
    OUTPUT_WRITES    /* to `fd` */
};

struct output {
    enum output_kind kind;
    enum output_state state;
    char *path;     /* of the file; NULL: standard output */
    char *part;     /* beside it, written to and renamed */
    char *tag_path; /* and what it is a part of */
    int fd;
    int old; /* the file as it was, read while comparing; or -1 */
    mode_t mode;
    uint64_t length;
    bool tagged;   /* tag_path is there and true */
    bool tempname; /* another process has the part: this one has a name of its own */
    bool nameless; /* ...and gets it at the end only */
    char words[256];
};

/* Says what failed, with the system's word for it. Returns false. */
bool output_fail(struct output *output, const char *what, const char *path);

bool output_write_all(int fd, const char *at, size_t len);

/* The part, opened and locked; its content stays. False: output_fail was called. */
bool output_open_part(struct output *output);

/* The part's name is again that which all use. */
void output_forget_alone(struct output *output);

/* Gives the part its name, if it has none yet. */
bool output_name_part(struct output *output);

/* Writes the tag file; removes both. */
bool output_write_tag(struct output *output, const char *url, const char *tag);
void output_remove_part(struct output *output);

/* Removes both, if there is a part and no other process has it. */
void output_clear_part(struct output *output);

#endif
