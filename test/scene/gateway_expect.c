/* What a scene may expect of a gateway: how it came to its answer, as it says itself, and what
 * reached the origin.
 */
#include "gateway.h"
#include "statusfield.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static bool relaxed(const struct scene *s)
{
    return s->chaos->relaxed;
}

/* What the gateway says in Cache-Status: always well-formed, or absent. */
static bool status_of(struct client *client, struct statusfield *field, const char *here)
{
    char *list = response_list(&client->response, "Cache-Status");
    const bool there = list != NULL;
    const bool good = !there || (statusfield_read(field, list) && strcmp(field->name, "stet") == 0);
    const char *kept = scene_keep(client->scene, there ? list : "");
    free(list);
    if (!good)
        scene_fail(client->scene, "%s: Cache-Status is off its grammar: %s", here, kept);
    return there;
}

static const char *text_of(struct client *client)
{
    const char *text = response_field(&client->response, "Cache-Status");
    return text ? text : "(absent)";
}

void client_expect_hit(struct client *client, bool hit, const char *here)
{
    struct statusfield field;
    if (relaxed(client->scene))
        return;
    if ((status_of(client, &field, here) && statusfield_get(&field, "hit")) != hit)
        scene_fail(client->scene, "%s: %s hit (%d): Cache-Status: %s", here, hit ? "no" : "a",
                   client->response.status, text_of(client));
}

void client_expect_parameter(struct client *client, const char *name, const char *value,
                             const char *here)
{
    struct statusfield field;
    if (relaxed(client->scene))
        return;
    const bool there = status_of(client, &field, here);
    const char *has = there ? statusfield_get(&field, name) : NULL;
    if (value ? !has || strcmp(has, value) != 0 : has != NULL)
        scene_fail(client->scene, "%s: %s is not \"%s\" (%d): Cache-Status: %s", here, name,
                   value ? value : "(absent)", client->response.status, text_of(client));
}

void client_expect_forwarded(struct client *client, const char *why, const char *here)
{
    client_expect_parameter(client, "fwd", why, here);
}

void client_expect_flag(struct client *client, const char *name, bool set, const char *here)
{
    client_expect_parameter(client, name, set ? "?1" : NULL, here);
}

void client_expect_number(struct client *client, const char *name, int64_t number, const char *here)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, number);
    client_expect_parameter(client, name, text, here);
}

void client_expect_age(struct client *client, int64_t seconds, const char *here)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, seconds);
    client_expect_field(client, "Age", text, here);
}

void client_expect_error(struct client *client, int status, const char *word, const char *here)
{
    struct statusfield field = {.members = 0};
    char *list = response_list(&client->response, "Proxy-Status");
    const bool good = list && statusfield_read(&field, list);
    const char *has = good ? statusfield_get(&field, "error") : NULL;
    free(list);
    if (relaxed(client->scene))
        return;
    client_expect_status(client, status, NULL, here);
    if (word && (!has || strcmp(has, word) != 0))
        scene_fail(client->scene, "%s: the error is \"%s\", expected \"%s\"", here,
                   has ? has : "(none)", word);
    if (response_field(&client->response, "Cache-Status") && status == 504) /* D-44 */
        scene_fail(client->scene, "%s: an own error has Cache-Status", here);
}

void origin_expect_requests(struct origin *origin, size_t count, const char *here)
{
    struct scene *s = origin_scene(origin);
    scene_idle(s);
    if (!relaxed(s) && origin_requests(origin) != count)
        scene_fail(s, "%s: %zu requests have reached the origin, expected %zu", here,
                   origin_requests(origin), count);
}

void origin_expect_saw(struct origin *origin, const char *name, const char *value, const char *here)
{
    struct scene *s = origin_scene(origin);
    const char *saw = origin_saw(origin, name);
    if (!relaxed(s) && strcmp(saw, value) != 0)
        scene_fail(s, "%s: the origin saw %s \"%s\", expected \"%s\"", here, name, saw, value);
}
