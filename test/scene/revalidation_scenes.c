/* Revalidation: a 304 as long as the bytes are the same, a 200 as soon as they are not.
 */
#include "stories.h"

void tell_revalidate(struct scene *s)
{
    scene_write(s, "index.html", "<p>one</p>");
    scene_pass(s, SECONDS(10));
    struct client *client = scene_client(s);

    client_get(client, "/");
    expect_status(client, 200);
    expect_body(client, "<p>one</p>");
    expect_field(client, "Cache-Control", "no-cache");
    expect_field(client, "Accept-Ranges", "bytes");
    expect_field(client, "X-Content-Type-Options", "nosniff");
    const char *tag = client_field(client, "ETag");
    expect(s, tag[0] == '"');
    client_get_with(client, "/", "If-None-Match: %s", tag);
    expect_status(client, 304);
    expect_field(client, "ETag", tag);
    expect_field(client, "Cache-Control", "no-cache");

    scene_touch(s, "index.html");
    scene_pass(s, SECONDS(5));
    client_get_with(client, "/", "If-None-Match: %s", tag);
    expect_status(client, 304);

    scene_edit_keeping_times(s, "index.html", "<p>two</p>");
    scene_pass(s, SECONDS(5));
    client_get_with(client, "/", "If-None-Match: %s", tag);
    expect_status(client, 200);
    expect_body(client, "<p>two</p>");
}
