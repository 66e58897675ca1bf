/* Asserts that stay on in release: a bug stops the process at once, before it can lie to a client.
 */
#ifndef BASE_CHECK_H
#define BASE_CHECK_H

/* Prints file, line and the text to standard error and aborts. */
_Noreturn void check_failed(const char *file, int line, const char *text);

/* Dies if `condition` is false. For bugs only, never for what a peer or the machine did. */
#define CHECK(condition) ((condition) ? (void)0 : check_failed(__FILE__, __LINE__, #condition))

#endif
