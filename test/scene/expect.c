/* What a scene may expect of the last answer of a client, and of its connection.
 */
#include "scene.h"

#include <stdlib.h>
#include <string.h>

/* Expectations are only looked at where nothing is made to fail. */
static bool relaxed(const struct client *client)
{
    return client->scene->chaos->relaxed;
}

void client_expect_status(struct client *client, int status, const char *row, const char *here)
{
    if (!relaxed(client) && client->response.status != status)
        scene_fail(client->scene, "%s: status %d, expected %d%s%s", here, client->response.status,
                   status, row ? ", of " : "", row ? row : "");
}

void client_expect_field(struct client *client, const char *name, const char *value,
                         const char *here)
{
    const char *has = response_field(&client->response, name);
    if (!relaxed(client) && (!has || strcmp(has, value) != 0))
        scene_fail(client->scene, "%s: %s is \"%s\", expected \"%s\"", here, name,
                   has ? has : "(absent)", value);
}

void client_expect_field_has(struct client *client, const char *name, const char *part,
                             const char *here)
{
    const char *has = response_field(&client->response, name);
    if (!relaxed(client) && (!has || !strstr(has, part)))
        scene_fail(client->scene, "%s: %s is \"%s\", expected to have \"%s\"", here, name,
                   has ? has : "(absent)", part);
}

void client_expect_no_field(struct client *client, const char *name, const char *here)
{
    const char *has = response_field(&client->response, name);
    if (!relaxed(client) && has)
        scene_fail(client->scene, "%s: %s is \"%s\", expected none", here, name, has);
}

static const char *body(const struct client *client)
{
    return client->response.body ? client->response.body : "";
}

void client_expect_body(struct client *client, const char *text, const char *here)
{
    if (!relaxed(client) && (client->response.len != strlen(text) ||
                             memcmp(body(client), text, client->response.len) != 0))
        scene_fail(client->scene, "%s: content \"%.200s\", expected \"%.200s\"", here, body(client),
                   text);
}

void client_expect_body_has(struct client *client, const char *text, const char *here)
{
    if (!relaxed(client) && !strstr(body(client), text))
        scene_fail(client->scene, "%s: content \"%.300s\" without \"%.100s\"", here, body(client),
                   text);
}

/* Also where the rest is relaxed: what must not be in a content is in none. */
void client_expect_no_part(struct client *client, const char *text, const char *here)
{
    if (strstr(body(client), text))
        scene_fail(client->scene, "%s: content \"%.300s\" with \"%.100s\"", here, body(client),
                   text);
}

void client_expect_length(struct client *client, size_t len, const char *here)
{
    if (!relaxed(client) && client->response.len != len)
        scene_fail(client->scene, "%s: %zu octets of content, expected %zu", here,
                   client->response.len, len);
}

static const char *state_word(enum sim_client_state state)
{
    return state == SIM_CLIENT_OPEN ? "open" : state == SIM_CLIENT_ENDED ? "closed" : "broken";
}

void client_expect_state(struct client *client, enum sim_client_state state, const char *here)
{
    scene_idle(client->scene);
    if (relaxed(client))
        return;
    if (client->channel && state == SIM_CLIENT_RESET)
        return; /* the stream is, and the connection need not be */
    if (end_state(client->end) != state)
        scene_fail(client->scene, "%s: the connection is %s, expected %s", here,
                   state_word(end_state(client->end)), state_word(state));
    if (client->count == 0 && end_len(client->end) > 0)
        scene_fail(client->scene, "%s: stray octets: \"%.60s\"", here, end_bytes(client->end));
}

void client_expect_gone(struct client *client, const char *here)
{
    scene_idle(client->scene);
    if (!relaxed(client) && end_state(client->end) == SIM_CLIENT_OPEN)
        scene_fail(client->scene, "%s: the connection is open", here);
}
