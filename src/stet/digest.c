/* Digest fields as hashes and wishes.
 *
 * Given up: the deprecated algorithms. A recipient may ignore any digest, and one that an attacker
 * can forge is worse than none [RFC 9530 §5].
 */
#include "stet/digest.h"
#include "stet/sf_writer.h"

struct digest {
    struct stet_span key;
    size_t size;
};

static const struct digest digests[STET_DIGEST_COUNT + 1] = {
#define DIGEST(identifier, key, octets) {STET_SPAN_INIT(key), octets},
#include "stet/digest.tbl"
#undef DIGEST
    {STET_SPAN_INIT(""), 0},
};

static const struct digest *digest_at(enum stet_digest digest)
{
    return &digests[(unsigned)digest < STET_DIGEST_COUNT ? digest : STET_DIGEST_COUNT];
}

struct stet_span stet_digest_key(enum stet_digest digest)
{
    return digest_at(digest)->key;
}

size_t stet_digest_size(enum stet_digest digest)
{
    return digest_at(digest)->size;
}

bool stet_digest_of(const struct stet_head *head, enum stet_digest_scope scope,
                    enum stet_digest digest, unsigned char *to)
{
    struct stet_sf walk;
    struct stet_sf_member member;
    char hash[STET_DIGEST_MAX];
    size_t size = stet_digest_size(digest);
    enum stet_field_id id =
        scope == STET_DIGEST_CONTENT ? STET_FIELD_CONTENT_DIGEST : STET_FIELD_REPR_DIGEST;
    if (!stet_sf_of(&walk, head, id, STET_SF_DICTIONARY) ||
        !stet_sf_get(&walk, stet_digest_key(digest), &member))
        return false;
    if (member.type != STET_SF_BYTES || stet_sf_decode(&member, hash, sizeof(hash)) != size)
        return false; /* [RFC 9530 §2, §3] */
    memcpy(to, hash, size);
    return true;
}

size_t stet_digest_write(enum stet_digest digest, const unsigned char *hash, char *to, size_t room)
{
    struct stet_sf_writer writer = stet_sf_writer(STET_SF_DICTIONARY, to, room);
    stet_sf_write_key(&writer, stet_digest_key(digest));
    stet_sf_write_bytes(&writer, stet_span((const char *)hash, stet_digest_size(digest)));
    return stet_sf_written(&writer).len;
}

static struct stet_sf wishes_of(const struct stet_head *head, enum stet_digest_scope scope)
{
    struct stet_sf walk;
    struct stet_span name = scope == STET_DIGEST_CONTENT ? STET_SPAN("Want-Content-Digest")
                                                         : STET_SPAN("Want-Repr-Digest");
    stet_sf_named(&walk, head, name, STET_SF_DICTIONARY); /* no members if it fails */
    return walk;
}

static int wish_for(const struct stet_sf *wishes, enum stet_digest digest)
{
    struct stet_sf_member member;
    if (!stet_sf_get(wishes, stet_digest_key(digest), &member) || member.type != STET_SF_INTEGER)
        return -1;
    return member.number < 0 || member.number > 10 ? -1 : (int)member.number; /* [RFC 9530 §4] */
}

int stet_digest_wanted(const struct stet_head *head, enum stet_digest_scope scope,
                       enum stet_digest digest)
{
    struct stet_sf wishes = wishes_of(head, scope);
    return wish_for(&wishes, digest);
}

enum stet_digest stet_digest_choose(const struct stet_head *head, enum stet_digest_scope scope,
                                    unsigned available)
{
    struct stet_sf wishes = wishes_of(head, scope);
    enum stet_digest best = STET_DIGEST_COUNT;
    int most = 1;
    for (enum stet_digest digest = 0; digest < STET_DIGEST_COUNT; digest++) {
        int wanted = available >> digest & 1 ? wish_for(&wishes, digest) : -1;
        if (wanted >= most) {
            most = wanted;
            best = digest;
        }
    }
    return best;
}
