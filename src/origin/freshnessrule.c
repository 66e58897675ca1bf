/* From a name to a Cache-Control: what never changes under its name may be kept for a year.
 *
 * A wrong "no" costs one 304 a visit; a wrong "yes" makes a site stale for a year. So a name must
 * look like nothing but the work of a build tool:
 *
 *     main.4f3c9a1b.chunk.js
 *     ^^^^ ^^^^^^^^ ^^^^^ ^^
 *     stem   mark   trail  extension, which is not that of a page
 *
 * The mark is the last part before the extension and known trailing words ("min", "chunk"...),
 * parted from the stem by "." or "-". It is one of
 *   - hexadecimal, 8 to 128 digits in one case, with at least two figures and two letters that
 *     alternate at least twice (so no date, no "deadbeef", no "face2face");
 *   - exactly 8 letters and figures that no one would write: two figures or three changes between
 *     kinds, and a run of letters that cannot be read aloud;
 *   - in a folder that build tools fill (assets, chunks, immutable, _astro, _nuxt, _next), 8 octets
 *     of base64url that read like noise or change case like noise, figures or not, and the mark may
 *     be the whole name.
 * A name with a UUID in it is the name of a thing, whatever its content.
 *
 * Given up: marks in front of the name, marks of letters alone outside those folders, and the
 * version numbers of packages: a person can publish 3.7.1 twice.
 */
#include "origin/freshnessrule.h"

#include <fnmatch.h>

#define FRESHNESS_IMMUTABLE "max-age=31536000, immutable"

enum { FINGERPRINT_SHORT = 8, FINGERPRINT_LONG = 128 };

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_figure(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return is_lower(c) || is_upper(c);
}

static bool is_vowel(char c)
{
    return c != '\0' && strchr("aeiouyAEIOUY", c) != NULL;
}

static bool spans_contain(const struct stet_span *list, size_t count, struct stet_span word)
{
    for (size_t i = 0; i < count; i++)
        if (stet_span_equal_nocase(list[i], word))
            return true;
    return false;
}

/* What stands behind the last `mark` in `text`; `text` becomes what stands before it. Nothing, and
 * `text` unchanged, if there is none. */
static struct stet_span cut_last(struct stet_span *text, const char *marks)
{
    for (size_t i = text->len; i-- > 0;) {
        if (!strchr(marks, text->at[i]))
            continue;
        struct stet_span last = stet_span_from(*text, i + 1);
        text->len = i;
        return last;
    }
    return STET_SPAN_NONE;
}

/* 8-4-4-4-12 hexadecimal digits somewhere in the name. */
static bool has_uuid(struct stet_span name)
{
    static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    for (size_t from = 0; from + sizeof form - 1 <= name.len; from++) {
        size_t i = 0;
        while (form[i] &&
               (form[i] == '-' ? name.at[from + i] == '-'
                               : strchr("0123456789abcdefABCDEF", name.at[from + i]) != NULL))
            i++;
        if (!form[i])
            return true;
    }
    return false;
}

/* What a mark is made of. */
struct tally {
    unsigned figures;
    unsigned lowers;
    unsigned uppers;
    unsigned dashes;  /* "-" and "_" */
    unsigned changes; /* between figures and letters, and from lower to upper case */
    bool hexadecimal;
    bool other; /* octets that no mark has */
};

static struct tally tally_of(struct stet_span text)
{
    struct tally tally = {.hexadecimal = true};
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.at[i];
        const char before = i > 0 ? text.at[i - 1] : c;
        tally.figures += is_figure(c);
        tally.lowers += is_lower(c);
        tally.uppers += is_upper(c);
        tally.dashes += c == '-' || c == '_';
        tally.hexadecimal &= c != '\0' && strchr("0123456789abcdefABCDEF", c) != NULL;
        tally.changes += is_figure(c) ? is_letter(before) : is_figure(before);
        tally.changes += is_upper(c) && is_lower(before);
    }
    tally.other = tally.figures + tally.lowers + tally.uppers + tally.dashes != text.len;
    return tally;
}

/* `word`, in lower case, is in a list of words parted by spaces. */
static bool is_listed(const char *list, const char *word, size_t len)
{
    for (const char *hit = list; (hit = strstr(hit, word)); hit++)
        if ((hit == list || hit[-1] == ' ') && (hit[len] == ' ' || hit[len] == '\0'))
            return true;
    return false;
}

/* Letters that people write without a vowel. */
static bool is_short_form(const char *word, size_t len)
{
    static const char list[] =
        "bg btn cdn cfg cfs cms cpp crm css ctl ctrl db dns doc dr fb fg "
        "ftp gps gpu hd hdr hls hr html http https img jpg js kb lg ltr mc md "
        "mp mr mrs ms msg mt pc pdf php png pg ps pt pwd px qr rc rss rtl "
        "sd sdk sm sql src ssh ssl st svg tld tls tmp tmpl ts tv txt vm vpn "
        "vr vs wp www xhr xhtml xl xml xs xslt";
    return is_listed(list, word, len);
}

/* Three consonants that words have in a row. */
static bool is_cluster(const char *three)
{
    static const char list[] =
        "bbl bst chn chr chs cks ckb ckc ckd ckf ckg ckh ckl ckm ckn ckp ckr ckt ckw cts dbl dst "
        "dth ffl ffs fth fts ggl ghb ghl ghs ght gth hts kst lch lds ldr lds lfs lks lls lms lps "
        "lst lth ltr lts mbl mbr mpl mpr mps mpt mth nch ncr nct ndb ndc ndf ndh ndl ndm ndp ndr "
        "nds ndt ndw nfl nfr ngb ngc ngf ngl ngr ngs ngt nks nkl npl nsf nsh nsl nsp nst nth ntl "
        "ntr nts phr pht ppl psh pts rbl rch rcl rds rfl rkb rkl rkp rks rkt rld rls rms rns rph "
        "rpl rps rsh rsp rst rth rtl rtm rtn rts sch scl scr shb shd shl shm shn shp shr sht shw "
        "skl skr sks sph spl spr sps ssb ssf ssl ssp ssw sth stb stc stf stg stl stm stn stp str "
        "sts stw tbl tch tdr thb thd thl thm thn thp thr ths thw tpl tpr tsh ttl wds wks wnl wns "
        "wnt wst wth xch xpl xpr xth xtr zzl";
    return is_listed(list, three, 3);
}

/* A run of letters, in lower case, that cannot be read aloud. */
static bool is_noise(const char *run, size_t len)
{
    unsigned vowels = 0;
    unsigned consonants = 0; /* in a row */
    bool odd = false;
    for (size_t i = 0; i < len; i++) {
        vowels += is_vowel(run[i]);
        consonants = is_vowel(run[i]) ? 0 : consonants + 1;
        if (consonants >= 3) {
            const char three[4] = {run[i - 2], run[i - 1], run[i], '\0'};
            odd |= !is_cluster(three);
        }
    }
    return len > 1 && (vowels == 0 || odd) && !is_short_form(run, len);
}

/* A word of "camelCase" or "HTMLPage" begins here. */
static bool is_hump(struct stet_span mark, size_t i)
{
    return i > 0 && is_upper(mark.at[i]) &&
           (is_lower(mark.at[i - 1]) || (i + 1 < mark.len && is_lower(mark.at[i + 1])));
}

/* Some run of letters, cut where words begin, is noise. Of an 8-octet mark. */
static bool has_noise(struct stet_span mark)
{
    char run[FINGERPRINT_SHORT + 1] = "";
    size_t len = 0;
    for (size_t i = 0; i < mark.len; i++) {
        const char c = mark.at[i];
        if (len > 0 && (!is_letter(c) || is_hump(mark, i))) {
            if (is_noise(run, len))
                return true;
            len = 0;
        }
        if (is_letter(c)) {
            run[len++] = (char)stet_byte_lower((unsigned char)c);
            run[len] = '\0';
        }
    }
    return is_noise(run, len);
}

/* Letters in an order of cases that no name has: capitals in two places, or four humps. */
static bool has_odd_case(struct stet_span mark)
{
    unsigned humps = 0;
    unsigned capitals = 0; /* runs of two or more */
    for (size_t i = 0; i < mark.len; i++) {
        const bool upper = is_upper(mark.at[i]);
        const bool before = i > 0 && is_upper(mark.at[i - 1]);
        humps += upper && !before;
        capitals += upper && before && (i < 2 || !is_upper(mark.at[i - 2]));
    }
    return humps >= 4 || capitals >= 2;
}

static bool is_hexadecimal_mark(struct stet_span text)
{
    const struct tally tally = tally_of(text);
    return text.len >= FINGERPRINT_SHORT && text.len <= FINGERPRINT_LONG && tally.hexadecimal &&
           (tally.lowers == 0 || tally.uppers == 0) && tally.figures >= 2 &&
           tally.lowers + tally.uppers >= 2 && tally.changes >= 2;
}

static bool is_short_mark(struct stet_span text)
{
    const struct tally tally = tally_of(text);
    return text.len == FINGERPRINT_SHORT && !tally.other && tally.dashes == 0 &&
           tally.figures >= 1 && tally.changes >= 2 && (tally.figures >= 2 || tally.changes >= 3) &&
           has_noise(text);
}

/* In a folder of a build tool. */
static bool is_loose_mark(struct stet_span text)
{
    const struct tally tally = tally_of(text);
    if (text.len != FINGERPRINT_SHORT || tally.other)
        return false;
    if (tally.figures > 0)
        return tally.changes >= 2 && (has_noise(text) || has_odd_case(text));
    return tally.lowers > 0 && tally.uppers > 1 && (has_noise(text) || has_odd_case(text));
}

static bool is_mark(struct stet_span text, bool built)
{
    return is_hexadecimal_mark(text) || is_short_mark(text) || (built && is_loose_mark(text));
}

/* The last folder, or the one above it, is one that build tools fill. */
static bool in_built_folder(struct stet_span folders)
{
    static const struct stet_span names[] = {
        {"assets", 6}, {"chunks", 6}, {"immutable", 9}, {"_astro", 6}, {"_nuxt", 5}, {"_next", 5},
    };
    for (int level = 0; level < 2 && folders.len > 0; level++) {
        struct stet_span last = cut_last(&folders, "/");
        if (!last.at) {
            last = folders;
            folders.len = 0;
        }
        if (spans_contain(names, sizeof names / sizeof names[0], last))
            return true;
    }
    return false;
}

/* Takes the extension, known second ones and known trailing words off a name. False if it has no
 * extension or the one of a page. */
static bool strip_extension(struct stet_span *name)
{
    static const struct stet_span pages[] = {{"html", 4}, {"htm", 3}, {"xhtml", 5}, {"xht", 3}};
    static const struct stet_span trails[] = {
        {"min", 3},   {"chunk", 5},  {"bundle", 6}, {"module", 6},  {"legacy", 6},
        {"async", 5}, {"worker", 6}, {"esm", 3},    {"umd", 3},     {"prod", 4},
        {"js", 2},    {"mjs", 3},    {"css", 3},    {"LICENSE", 7},
    };
    struct stet_span extension = cut_last(name, ".");
    if (extension.len == 0 || extension.len > 11 ||
        spans_contain(pages, sizeof pages / sizeof pages[0], extension))
        return false;
    for (;;) {
        struct stet_span rest = *name;
        struct stet_span last = cut_last(&rest, ".-");
        if (!last.at || !spans_contain(trails, sizeof trails / sizeof trails[0], last))
            return true;
        *name = rest;
    }
}

bool freshnessrule_fingerprinted(struct stet_span path)
{
    struct stet_span folders = path;
    struct stet_span name = cut_last(&folders, "/");
    if (!name.at) {
        name = path;
        folders = STET_SPAN_NONE;
    }
    if (has_uuid(name) || !strip_extension(&name))
        return false;
    const bool built = in_built_folder(folders);
    if (built && is_mark(name, true))
        return true;
    /* A mark of base64url may hold the dash that would part it. */
    if (built && name.len > FINGERPRINT_SHORT + 1 &&
        strchr(".-", name.at[name.len - FINGERPRINT_SHORT - 1]) &&
        is_mark(stet_span_from(name, name.len - FINGERPRINT_SHORT), true))
        return true;
    struct stet_span mark = cut_last(&name, ".-");
    return mark.at && name.len > 0 && is_mark(mark, built);
}

const char *freshnessrule_of(const struct files_rule *rules, size_t count, const char *path)
{
    for (size_t i = 0; i < count; i++)
        if (fnmatch(rules[i].glob, path, 0) == 0)
            return rules[i].value;
    return freshnessrule_fingerprinted(stet_span_of(path)) ? FRESHNESS_IMMUTABLE : "no-cache";
}

bool freshnessrule_value_valid(const char *value)
{
    for (; *value; value++)
        if (((unsigned char)*value < 0x20 && *value != '\t') || *value == 0x7f)
            return false;
    return true;
}
