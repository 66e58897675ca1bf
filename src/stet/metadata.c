/* Sorts the fields of a response by what they are about.
 */
#include "stet/metadata.h"

bool stet_metadata_is_stored(const struct stet_head *head, const struct stet_field *field)
{
    switch (field->id) {
    case STET_FIELD_PROXY_AUTHENTICATE: /* [RFC 9111 §3.1] */
    case STET_FIELD_PROXY_AUTHENTICATION_INFO:
    case STET_FIELD_PROXY_AUTHORIZATION:
        return false;
    default:
        return !stet_field_is_hop(field->id) &&
               !(stet_head_has(head, STET_FIELD_CONNECTION) &&
                 stet_head_connection_names(head, field->name)); /* [RFC 9110 §7.6.1] */
    }
}

bool stet_metadata_in_304(const struct stet_head *head, const struct stet_field *field)
{
    switch (field->id) {
    case STET_FIELD_CACHE_CONTROL: /* [RFC 9110 §15.4.5] */
    case STET_FIELD_CONTENT_LOCATION:
    case STET_FIELD_DATE:
    case STET_FIELD_ETAG:
    case STET_FIELD_EXPIRES:
    case STET_FIELD_VARY:
    case STET_FIELD_AGE: /* D-02 */
    case STET_FIELD_CACHE_GROUPS:
    case STET_FIELD_CACHE_STATUS:
    case STET_FIELD_CDN_CACHE_CONTROL:
    case STET_FIELD_NO_VARY_SEARCH:
    case STET_FIELD_STET_CACHE_CONTROL:
    case STET_FIELD_VIA:
        return true;
    case STET_FIELD_LAST_MODIFIED:
        return !stet_head_has(head, STET_FIELD_ETAG);
    default:
        return false;
    }
}

/* The field describes the representation, and no 206 has to have it. */
static bool is_representation(enum stet_field_id id)
{
    switch (id) {
    case STET_FIELD_CONTENT_DISPOSITION:
    case STET_FIELD_CONTENT_ENCODING:
    case STET_FIELD_CONTENT_LANGUAGE:
    case STET_FIELD_CONTENT_TYPE:
    case STET_FIELD_LAST_MODIFIED:
    case STET_FIELD_REPR_DIGEST:
        return true;
    default:
        return false;
    }
}

bool stet_metadata_in_206(const struct stet_field *field, bool if_range)
{
    switch (field->id) {
    case STET_FIELD_CONTENT_DIGEST:
    case STET_FIELD_CONTENT_LENGTH:
    case STET_FIELD_CONTENT_MD5:
    case STET_FIELD_CONTENT_RANGE:
        return false;
    default:
        return !if_range || !is_representation(field->id); /* [RFC 9110 §15.3.7] */
    }
}
