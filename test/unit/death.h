/* Bugs die: a check that they do, in a process of its own. */
#ifndef TEST_UNIT_DEATH_H
#define TEST_UNIT_DEATH_H

#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

/* `act` ends in a failed CHECK. What it prints is not shown. */
static inline bool dies(void (*act)(const void *), const void *argument)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        close(STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        act(argument);
        _exit(0);
    }
    return child > 0 && waitpid(child, &status, 0) == child && WIFSIGNALED(status) &&
           WTERMSIG(status) == SIGABRT;
}

#endif
