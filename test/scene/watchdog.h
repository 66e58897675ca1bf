/* Ends a test that goes on for ever: by the time it has computed, since a busy machine is no fault
 * of its own; and, ten times as late, by the clock, if it only waits. */
#ifndef TEST_SCENE_WATCHDOG_H
#define TEST_SCENE_WATCHDOG_H

#include <signal.h>
#include <stdbool.h>
#include <sys/time.h>
#include <unistd.h>

/* From now on; 0: no more. */
static inline void watchdog_set(unsigned seconds)
{
    const struct itimerval limit = {.it_value.tv_sec = seconds};
    setitimer(ITIMER_PROF, &limit, NULL);
    alarm(10 * seconds);
}

static inline bool watchdog_barks(int signal_number)
{
    return signal_number == SIGPROF || signal_number == SIGALRM;
}

#endif
