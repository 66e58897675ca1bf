/* The limits of a codec, told to its second reader, which shares no header with it. */
#ifndef TEST_FUZZ_H1_LIMITS_H
#define TEST_FUZZ_H1_LIMITS_H

#include "base/limits.h"
#include "h1_reference.h"

static inline struct reference_limits reference_limits_of(const struct limits *limits)
{
    return (struct reference_limits){
        .head = limits->head_size,
        .target = limits->target_size,
        .method = limits->method_size,
        .fields = limits->field_count,
        .trailer = limits->trailer_size,
        .chunk_line = limits->chunk_line_size,
        .chunk_extensions = limits->chunk_extension_total,
    };
}

#endif
