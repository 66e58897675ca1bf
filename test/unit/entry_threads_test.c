/* Entries between threads: readers on loops of their own while one fills and another amends, and
 * those who wait and take themselves back. */
#include "base/container.h"
#include "entry_fixture.h"

#include <pthread.h>

enum { READERS = 3, TOTAL = 300000, STATUSES = 500 };

struct reader {
    pthread_t thread;
    struct loop *loop;
    struct entry *entry;
    struct entry_waiter waiter;
    uint64_t offset;
    int status;     /* of the last head seen: never goes back */
    unsigned wrong; /* octets or heads */
};

static void reader_go_on(struct task *task)
{
    struct reader *reader = CONTAINER(task, struct reader, waiter.task);
    for (;;) {
        struct entry_head *head = entry_head(reader->entry);
        const struct stet_stored stored = entry_head_stored(head);
        reader->wrong += stored.status < reader->status;
        reader->wrong += stored.lifetime != (uint32_t)stored.status && stored.lifetime != 1;
        reader->status = stored.status;
        entry_head_unref(head);
        const enum entry_state before = entry_state(reader->entry);
        const char *bytes = NULL;
        const size_t size = entry_read(reader->entry, reader->offset, &bytes);
        for (size_t i = 0; i < size; i++)
            reader->wrong += bytes[i] != octet_at(reader->offset + i);
        reader->offset += size;
        if (size == 0 && before != ENTRY_FILLING)
            break;
        if (size == 0 && entry_wait(reader->entry, &reader->waiter, reader->offset)) {
            if (reader->offset % 3 != 0 || !entry_forget(reader->entry, &reader->waiter))
                return;
        }
    }
    entry_unref(reader->entry);
    loop_stop(reader->loop);
}

static void *reader_run(void *argument)
{
    struct reader *reader = argument;
    loop_post(reader->loop, &reader->waiter.task);
    loop_run(reader->loop);
    return NULL;
}

static void *amender_run(void *argument)
{
    struct entry *entry = argument;
    for (int status = 201; status < 200 + STATUSES; status++) {
        entry_amend(entry, head_of(status));
        if (status % 3 == 0)
            entry_mark(entry);
        if (status % 5 == 0)
            entry_expire(entry, 1);
    }
    entry_unref(entry);
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 4; round++) {
        struct entry *entry = entry_of(round % 2 ? TOTAL : 0);
        struct reader readers[READERS];
        pthread_t amender;
        for (unsigned i = 0; i < READERS; i++) {
            readers[i] = (struct reader){.loop = loop_new_epoll(), .entry = entry_ref(entry)};
            assert_non_null(readers[i].loop);
            readers[i].waiter =
                (struct entry_waiter){.task = {reader_go_on, NULL}, .loop = readers[i].loop};
            assert_int_equal(pthread_create(&readers[i].thread, NULL, reader_run, &readers[i]), 0);
        }
        assert_int_equal(pthread_create(&amender, NULL, amender_run, entry_ref(entry)), 0);
        while (entry_length(entry) < TOTAL)
            assert_true(append_pattern(entry, round < 2 ? 1000 : 100));
        entry_seal(entry, true);
        for (unsigned i = 0; i < READERS; i++) {
            pthread_join(readers[i].thread, NULL);
            assert_int_equal(readers[i].offset, TOTAL);
            assert_int_equal(readers[i].wrong, 0);
            loop_free(readers[i].loop);
        }
        pthread_join(amender, NULL);
        entry_unref(entry);
    }
}

/* Threads that wait and take themselves back all the time, while the entry wakes them: each wait
 * ends exactly once, in a task or in a forget. */
enum { SITTERS = 2, SEATS = 8 };

struct seat {
    struct entry_waiter waiter;
    enum { SEAT_IDLE, SEAT_WAITS, SEAT_POSTED } state;
    unsigned waits, forgets, tasks;
};

struct sitter {
    pthread_t thread;
    struct loop *loop;
    struct task again;
    struct entry *entry;
    struct seat seats[SEATS];
};

static void seat_run(struct task *task)
{
    struct seat *seat = CONTAINER(task, struct seat, waiter.task);
    seat->state = SEAT_IDLE;
    seat->tasks++;
}

static void sitter_again(struct task *task)
{
    struct sitter *sitter = CONTAINER(task, struct sitter, again);
    bool busy = false;
    for (unsigned i = 0; i < SEATS; i++) {
        struct seat *seat = &sitter->seats[i];
        if (seat->state == SEAT_IDLE && entry_wait(sitter->entry, &seat->waiter, UINT64_MAX)) {
            seat->state = SEAT_WAITS;
            seat->waits++;
        } else if (seat->state == SEAT_WAITS) {
            const bool in_time = entry_forget(sitter->entry, &seat->waiter);
            seat->state = in_time ? SEAT_IDLE : SEAT_POSTED;
            seat->forgets += in_time;
        }
        busy = busy || seat->state != SEAT_IDLE;
    }
    if (busy || entry_state(sitter->entry) == ENTRY_FILLING)
        loop_post(sitter->loop, &sitter->again);
    else
        loop_stop(sitter->loop);
}

static void *sitter_run(void *argument)
{
    struct sitter *sitter = argument;
    loop_post(sitter->loop, &sitter->again);
    loop_run(sitter->loop);
    return NULL;
}

static void test_waiting_threads(void **state)
{
    (void)state;
    struct entry *entry = entry_of(0);
    struct sitter sitters[SITTERS];
    for (unsigned i = 0; i < SITTERS; i++) {
        sitters[i] = (struct sitter){
            .loop = loop_new_epoll(), .again = {sitter_again, NULL}, .entry = entry};
        for (unsigned seat = 0; seat < SEATS; seat++)
            sitters[i].seats[seat].waiter =
                (struct entry_waiter){.task = {seat_run, NULL}, .loop = sitters[i].loop};
        assert_int_equal(pthread_create(&sitters[i].thread, NULL, sitter_run, &sitters[i]), 0);
    }
    for (unsigned i = 0; i < 20000; i++)
        assert_true(append_pattern(entry, 3));
    entry_seal(entry, true);
    for (unsigned i = 0; i < SITTERS; i++) {
        pthread_join(sitters[i].thread, NULL);
        for (unsigned seat = 0; seat < SEATS; seat++) {
            const struct seat *at = &sitters[i].seats[seat];
            assert_int_equal(at->waits, at->forgets + at->tasks);
        }
        loop_free(sitters[i].loop);
    }
    entry_unref(entry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_waiting_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
