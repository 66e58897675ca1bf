/* Representations of files: the blocks of fields, made once and sent many times.
 */
#ifndef ORIGIN_FILESREP_H
#define ORIGIN_FILESREP_H

#include "io/fs.h"
#include "origin/digest.h"
#include "origin/representation.h"

/* What a representation is to say. All is copied but `fs`; of `bytes` it keeps a reference. */
struct filesrep_recipe {
    int status;
    struct chunk *bytes; /* the content, or NULL: it is read from the file */
    struct fs *fs;
    const char *path; /* of the file, when there are no bytes */
    struct fs_stamp stamp;
    uint64_t length;
    const char *type; /* media type; `charset`: say that it is UTF-8 */
    bool charset;
    bool negotiated;             /* another coding could have been chosen: Vary */
    enum stet_coding coding;     /* of this one */
    const struct digest *digest; /* of the bytes, for the tag; NULL: there is none */
    bool weak;
    bool has_modified;
    bool modified_strong;
    int64_t modified;          /* seconds since 1970 */
    const char *cache_control; /* empty: none */
    const char *cors;          /* Access-Control-Allow-Origin; NULL: none */
};

/* NULL when memory is out. */
struct representation *filesrep_new(const struct filesrep_recipe *recipe);

#endif
