/* libstet: conditional requests and caching rules of HTTP as pure functions.
 *
 * This header includes all others. Nothing in the library does I/O, allocates, or asks a clock:
 * messages come in as views of the caller's bytes, time as an argument, and verdicts go out as
 * values that carry their reason. See libstet(3).
 */
#ifndef STET_STET_H
#define STET_STET_H

#include "stet/answer.h"
#include "stet/cachecontrol.h"
#include "stet/cachegroups.h"
#include "stet/cachestatus.h"
#include "stet/coding.h"
#include "stet/completion.h"
#include "stet/date.h"
#include "stet/digest.h"
#include "stet/etag.h"
#include "stet/field.h"
#include "stet/freshness.h"
#include "stet/head.h"
#include "stet/invalidation.h"
#include "stet/list.h"
#include "stet/metadata.h"
#include "stet/multipart.h"
#include "stet/novarysearch.h"
#include "stet/parts.h"
#include "stet/policy.h"
#include "stet/precondition.h"
#include "stet/priority.h"
#include "stet/profile.h"
#include "stet/proxystatus.h"
#include "stet/range.h"
#include "stet/reason.h"
#include "stet/reuse.h"
#include "stet/sf.h"
#include "stet/sf_member.h"
#include "stet/sf_writer.h"
#include "stet/span.h"
#include "stet/status.h"
#include "stet/update.h"
#include "stet/uri.h"
#include "stet/validation.h"
#include "stet/validators.h"
#include "stet/vary.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The version of these headers. Minor versions add, major versions may take away. */
#define STET_VERSION_MAJOR 0
#define STET_VERSION_MINOR 1
#define STET_VERSION_PATCH 0

/* The version of the library in use, as "0.1.0". The text is static. */
STET_API const char *stet_version(void);

#ifdef __cplusplus
}
#endif

#endif
