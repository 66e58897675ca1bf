/* The loop on the machine: epoll, edge-triggered, one epoll_ctl in the life of a socket.
 *
 * An event carries a pointer to its socket or listener, with its kind in the lowest two bits. When
 * one is closed while events of the same turn are still to be delivered, its events are struck out
 * of the array, so it may be freed at once.
 *
 * An eventfd wakes the loop for mail. It is edge-triggered and never read: each write is one edge,
 * and the count in it would overflow after 2^64 posts. Signals come through a signalfd.
 *
 * Given up: io_uring (within the noise of epoll for this work, blocked in many containers), and
 * timeouts finer than a millisecond.
 */
#include "io/loop_epoll.h"

#include "base/check.h"
#include "base/memory.h"
#include "io/resolve_ops.h"

#include <errno.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

enum { LOOP_EPOLL_KINDS = 3 }; /* the bits of a pointer that tell its kind */

static int64_t clock_read(clockid_t clock)
{
    struct timespec time;
    CHECK(clock_gettime(clock, &time) == 0);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void loop_epoll_clocks(struct loop *loop)
{
    loop->now = clock_read(CLOCK_MONOTONIC);
    loop->wall = clock_read(CLOCK_REALTIME);
}

/* Milliseconds to wait, rounded up lest the loop turn idly before a timer is due. */
static int loop_epoll_timeout(int64_t until)
{
    if (until == INT64_MAX)
        return -1;
    int64_t left = until - clock_read(CLOCK_MONOTONIC);
    if (left <= 0)
        return 0;
    int64_t ms = left / 1000000 + (left % 1000000 != 0);
    return ms < INT32_MAX ? (int)ms : INT32_MAX;
}

static void loop_epoll_wait(struct loop *base, int64_t until)
{
    struct loop_epoll *loop = (struct loop_epoll *)base;
    loop->at = 0;
    bool idle = until > base->now && !loop->again;
    int timeout = idle ? loop_epoll_timeout(until) : 0;
    loop->count = epoll_wait(loop->epoll, loop->events, LOOP_EPOLL_BATCH, timeout);
    if (loop->count < 0) {
        CHECK(errno == EINTR);
        loop->count = 0;
    }
    loop_epoll_clocks(base);
}

static struct epoll_event loop_epoll_event(uint32_t events, void *object, enum loop_epoll_kind kind)
{
    uintptr_t pointer = (uintptr_t)object;
    CHECK((pointer & LOOP_EPOLL_KINDS) == 0);
    return (struct epoll_event){.events = events, .data.u64 = pointer | kind};
}

bool loop_epoll_watch(struct loop_epoll *loop, int fd, uint32_t events, void *object,
                      enum loop_epoll_kind kind)
{
    struct epoll_event event = loop_epoll_event(events, object, kind);
    return epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

bool loop_epoll_rewatch(struct loop_epoll *loop, int fd, uint32_t events, void *object,
                        enum loop_epoll_kind kind)
{
    struct epoll_event event = loop_epoll_event(events, object, kind);
    return epoll_ctl(loop->epoll, EPOLL_CTL_MOD, fd, &event) == 0;
}

bool loop_epoll_foreign(struct loop_epoll *loop, struct foreign *foreign, unsigned events,
                        bool change)
{
    const uint32_t asked = (events & SOCK_READABLE ? (uint32_t)EPOLLIN : 0) |
                           (events & SOCK_WRITABLE ? (uint32_t)EPOLLOUT : 0);
    return change ? loop_epoll_rewatch(loop, foreign->fd, asked, foreign, LOOP_EPOLL_FOREIGN)
                  : loop_epoll_watch(loop, foreign->fd, asked, foreign, LOOP_EPOLL_FOREIGN);
}

void loop_epoll_foreign_stop(struct loop_epoll *loop, struct foreign *foreign)
{
    loop_epoll_forget(loop, foreign);
    (void)epoll_ctl(loop->epoll, EPOLL_CTL_DEL, foreign->fd, NULL);
}

void loop_epoll_forget(struct loop_epoll *loop, const void *object)
{
    for (int i = loop->at; i < loop->count; i++) {
        if ((loop->events[i].data.u64 & ~(uint64_t)LOOP_EPOLL_KINDS) == (uintptr_t)object)
            loop->events[i].data.u64 = LOOP_EPOLL_SOCK;
    }
}

void loop_epoll_again(struct loop_epoll *loop, struct sock *sock)
{
    if (sock->again_from)
        return;
    sock->again = loop->again;
    if (sock->again)
        sock->again->again_from = &sock->again;
    sock->again_from = &loop->again;
    loop->again = sock;
}

void loop_epoll_not_again(struct sock *sock)
{
    if (!sock->again_from)
        return;
    *sock->again_from = sock->again;
    if (sock->again)
        sock->again->again_from = sock->again_from;
    sock->again = NULL;
    sock->again_from = NULL;
}

/* Sockets that ask for another call meanwhile go into a list of their own. */
static void loop_epoll_run_again(struct loop_epoll *loop)
{
    struct sock *list = loop->again;
    loop->again = NULL;
    if (list)
        list->again_from = &list;
    while (list) {
        struct sock *sock = list;
        loop_epoll_not_again(sock);
        sock->ready(sock, SOCK_READABLE);
    }
}

static void loop_epoll_foreign_event(struct foreign *foreign, uint32_t events)
{
    const uint32_t both = EPOLLERR | EPOLLHUP;
    foreign->ready(foreign, (events & (EPOLLIN | both) ? SOCK_READABLE : 0) |
                                (events & (EPOLLOUT | both) ? SOCK_WRITABLE : 0));
}

static void loop_epoll_caught(struct loop_epoll *loop)
{
    struct signalfd_siginfo info;
    while (read(loop->signal, &info, sizeof info) == (ssize_t)sizeof info)
        loop->caught(loop->caught_owner, (int)info.ssi_signo);
}

static void loop_epoll_dispatch(struct loop *base)
{
    struct loop_epoll *loop = (struct loop_epoll *)base;
    loop_epoll_run_again(loop);
    while (loop->at < loop->count) {
        const struct epoll_event *event = &loop->events[loop->at++];
        void *object = (void *)(uintptr_t)(event->data.u64 & ~(uint64_t)LOOP_EPOLL_KINDS);
        enum loop_epoll_kind kind = event->data.u64 & LOOP_EPOLL_KINDS;
        if (kind == LOOP_EPOLL_SOCK && object)
            sock_epoll_event(object, event->events);
        else if (kind == LOOP_EPOLL_LISTENER)
            listener_epoll_event(object);
        else if (kind == LOOP_EPOLL_FOREIGN)
            loop_epoll_foreign_event(object, event->events);
        else if (kind == LOOP_EPOLL_SIGNAL)
            loop_epoll_caught(loop);
    }
    loop->at = loop->count = 0;
}

static void loop_epoll_wake(struct loop *base)
{
    struct loop_epoll *loop = (struct loop_epoll *)base;
    const uint64_t one = 1;
    ssize_t written;
    do {
        written = write(loop->wake, &one, sizeof one);
    } while (written < 0 && errno == EINTR);
    CHECK(written == (ssize_t)sizeof one);
}

static bool loop_epoll_signals(struct loop *base, const int *numbers,
                               void (*caught)(void *owner, int number), void *owner)
{
    struct loop_epoll *loop = (struct loop_epoll *)base;
    CHECK(loop->signal < 0);
    sigset_t set;
    sigemptyset(&set);
    for (; *numbers; numbers++)
        sigaddset(&set, *numbers);
    if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0)
        return false;
    loop->signal = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (loop->signal < 0)
        return false;
    loop->caught = caught;
    loop->caught_owner = owner;
    return loop_epoll_watch(loop, loop->signal, EPOLLIN, loop, LOOP_EPOLL_SIGNAL);
}

static void loop_epoll_random(struct loop *loop, void *to, uint32_t size)
{
    (void)loop;
    char *bytes = to;
    while (size > 0) {
        ssize_t got = getrandom(bytes, size, 0);
        CHECK(got > 0 || (got < 0 && errno == EINTR));
        if (got > 0) {
            bytes += got;
            size -= (uint32_t)got;
        }
    }
}

static void loop_epoll_free(struct loop *base)
{
    struct loop_epoll *loop = (struct loop_epoll *)base;
    CHECK(!loop->again);
    pagepipe_fini(&loop->pages);
    if (loop->signal >= 0)
        close(loop->signal);
    if (loop->wake >= 0)
        close(loop->wake);
    if (loop->epoll >= 0)
        close(loop->epoll);
    loop_fini(base);
    memory_free(loop);
}

static const struct loop_ops loop_epoll_ops = {
    .wait = loop_epoll_wait,
    .dispatch = loop_epoll_dispatch,
    .wake = loop_epoll_wake,
    .signals = loop_epoll_signals,
    .random = loop_epoll_random,
    .free = loop_epoll_free,
    .sock_start = sock_epoll_start,
    .sock_read = sock_epoll_read,
    .sock_write = sock_epoll_write,
    .sock_write_steady = sock_epoll_write_steady,
    .sock_shutdown = sock_epoll_shutdown,
    .sock_close = sock_epoll_close,
    .sock_connect = sock_epoll_connect,
    .sock_connect_state = sock_epoll_connect_state,
    .sock_move = sock_epoll_move,
    .sock_again = sock_epoll_again,
    .resolve = &resolve_ares_ops,
    .listener_start = listener_epoll_start,
    .listener_stop = listener_epoll_stop,
};

struct loop *loop_new_epoll(void)
{
    struct loop_epoll *loop = memory_new_zero(sizeof *loop);
    if (!loop) {
        errno = ENOMEM;
        return NULL;
    }
    loop_init(&loop->loop, &loop_epoll_ops);
    loop->signal = -1;
    pagepipe_init(&loop->pages);
    loop->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (loop->wake < 0 || loop->epoll < 0 ||
        !loop_epoll_watch(loop, loop->wake, EPOLLIN | EPOLLET, NULL, LOOP_EPOLL_SOCK)) {
        int why = errno;
        loop_epoll_free(&loop->loop);
        errno = why;
        return NULL;
    }
    loop_epoll_clocks(&loop->loop);
    return &loop->loop;
}
