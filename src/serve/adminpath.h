/* Where a server's local socket is, unless the operator says otherwise.
 */
#ifndef SERVE_ADMINPATH_H
#define SERVE_ADMINPATH_H

/* Room for any path of a socket, with its final NUL. */
#define ADMINPATH_ROOM 108

/* Writes it: /run/stet/stet.sock for root, else $XDG_RUNTIME_DIR/stet.sock, else
 * /tmp/stet-UID/stet.sock. */
void adminpath_default(char to[ADMINPATH_ROOM]);

#endif
