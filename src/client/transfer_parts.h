/* What the files of transfers share.
 */
#ifndef CLIENT_TRANSFER_PARTS_H
#define CLIENT_TRANSFER_PARTS_H

#include "base/text.h"
#include "client/transfer.h"

#include <curl/curl.h>
#include <signal.h>

struct transfers {
    const struct transfer_setup *setup;
    CURLM *multi;
    struct curl_slist *resolve;
    struct transfer *first; /* those that are open */
    bool changed;           /* some have been started or cancelled since libcurl was told */
    bool running;
    volatile sig_atomic_t stopped;
};

enum transfer_state {
    TRANSFER_WAITS, /* libcurl does not know of it yet */
    TRANSFER_RUNS,
};

/* What is known of the response's head. */
struct transfer_hearing {
    struct message message;
    struct text line; /* the last one, which may go on in the next [RFC 9112 §5.2] */
    size_t octets;    /* of heads */
    int status;       /* of the message; 0: no status line yet */
    bool over;        /* the final head has come */
};

struct transfer {
    struct transfers *transfers;
    struct transfer *next;
    const struct transfer_events *events;
    void *owner;
    CURL *easy;
    struct curl_slist *lines;
    struct curl_slist *connect_to;
    struct transfer_hearing hearing;
    struct transfer_outcome outcome; /* .result is what we found; what libcurl found comes last */
    int64_t started_ns;
    enum transfer_state state;
    bool cancelled;
    bool head_only;
    char words[CURL_ERROR_SIZE];      /* ours */
    char curl_words[CURL_ERROR_SIZE]; /* libcurl's, which has some for our own failures too */
    char address[64];
};

/* The wall clock, ns. */
int64_t transfer_wall(void);

/* Ends it with this result, whatever libcurl makes of that; `words` are copied. Returns false. */
bool transfer_fail(struct transfer *transfer, enum transfer_result result, const char *words);

/* Sets everything that libcurl has to know. False: transfer_fail was called. */
bool transfer_options(struct transfer *transfer, const struct transfer_request *request);

/* Callbacks of libcurl. */
size_t transfer_on_line(char *bytes, size_t size, size_t count, void *owner);
size_t transfer_on_content(char *bytes, size_t size, size_t count, void *owner);

/* Fills the outcome when libcurl is done. */
void transfer_conclude(struct transfer *transfer, CURLcode code);

#endif
