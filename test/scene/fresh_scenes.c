/* Freshness: how long a stored response answers, and what its Age is [RFC 9111 §4.2].
 */
#include "stories.h"

#include <string.h>

void tell_fresh_until(struct scene *s)
{
    struct origin *o = scene_origin(s);
    origin_holds(o, "/a", "Cache-Control: max-age=60\nETag: \"x\"\nX-Own: kept", "one");
    struct client *client = scene_client(s);
    client_get(client, "/a");
    expect_status(client, 200);
    expect_forwarded(client, "uri-miss");
    expect_stored(client);
    expect_body(client, "one");
    for (int64_t age = 1; age < 60; age += 29) {
        scene_pass(s, SECONDS(age == 1 ? 1 : 29));
        client_get(client, "/a");
        expect_hit(client);
        expect_age(client, age);
        expect_ttl(client, 60 - age);
        expect_field(client, "X-Own", "kept");
    }
    expect_requests(o, 1);
    scene_pass(s, SECONDS(1)); /* equal is stale */
    client_get(client, "/a");
    expect_forwarded(client, "stale");
    expect_forward_status(client, "304");
    expect_status(client, 200);
    expect_requests(o, 2);
    expect_saw(o, "If-None-Match", "\"x\"");
    scene_pass(s, SECONDS(59));
    client_get(client, "/a");
    expect_hit(client);
    expect_age(client, 59);
    expect_requests(o, 2);
}
