/* Standard input, output and error.
 */
#ifndef CLI_DESCRIPTORS_H
#define CLI_DESCRIPTORS_H

/* Puts something in the place of those that are closed, so that no file or connection gets their
 * numbers; to read or to write them fails with EBADF as before. To be called before anything is
 * opened. Ends the process if that cannot be done. */
void descriptors_prepare(void);

#endif
