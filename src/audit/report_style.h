/* The style of the report that is a page.
 */
#ifndef AUDIT_REPORT_STYLE_H
#define AUDIT_REPORT_STYLE_H

/* Lines of CSS, NULL at the end. */
extern const char *const report_style[];

#endif
