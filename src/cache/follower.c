/* News for those who wait, carried from one worker's loop to another's.
 *
 * All news of a worker shares one task, so ten thousand followers of one flight are one wake-up of
 * their loop. Whoever is in the box when the task runs is told in this turn; one that is told may
 * take others back, and itself.
 *
 * The links of a follower are changed under the lock of the list it is in, or, by the loop it
 * belongs to, when it is in none.
 */
#include "cache/follower.h"

#include "base/check.h"
#include "base/container.h"

#include <stddef.h>

/* ---- lists ---- */

void follower_list_add(struct follower_list *list, struct follower *follower)
{
    if (!list->end)
        list->end = &list->first;
    follower->next = NULL;
    follower->link = list->end;
    *list->end = follower;
    list->end = &follower->next;
}

void follower_list_remove(struct follower_list *list, struct follower *follower)
{
    *follower->link = follower->next;
    if (follower->next)
        follower->next->link = follower->link;
    else
        list->end = follower->link;
    follower->link = NULL;
}

/* ---- the letter box ---- */

static struct follower *box_pop(struct letterbox *box)
{
    pthread_mutex_lock(&box->lock);
    struct follower *first = box->list.first;
    if (first)
        follower_list_remove(&box->list, first);
    else
        box->posted = false;
    pthread_mutex_unlock(&box->lock);
    return first;
}

static void box_run(struct task *task)
{
    struct letterbox *box = CONTAINER(task, struct letterbox, task);
    struct follower *follower;

    while ((follower = box_pop(box)) != NULL) {
        follower->shard = NULL;
        follower->told(follower);
    }
    if (box->closed)
        box->emptied(box);
}

void letterbox_init(struct letterbox *box, struct loop *loop,
                    void (*emptied)(struct letterbox *box))
{
    *box = (struct letterbox){.loop = loop, .task.run = box_run, .emptied = emptied};
    CHECK(pthread_mutex_init(&box->lock, NULL) == 0);
}

void letterbox_close(struct letterbox *box)
{
    pthread_mutex_lock(&box->lock);
    const bool posted = box->posted;
    CHECK(!box->list.first);
    pthread_mutex_unlock(&box->lock);
    box->closed = true;
    if (!posted)
        box->emptied(box);
}

void letterbox_put(struct follower *follower, const struct follower_word *word)
{
    struct letterbox *box = follower->box;

    pthread_mutex_lock(&box->lock);
    follower->word = *word;
    follower_list_add(&box->list, follower);
    const bool post = !box->posted;
    box->posted = true;
    if (post)
        loop_post(box->loop, &box->task);
    pthread_mutex_unlock(&box->lock);
}

void letterbox_take(struct follower *follower)
{
    struct letterbox *box = follower->box;

    pthread_mutex_lock(&box->lock);
    if (follower->link)
        follower_list_remove(&box->list, follower);
    pthread_mutex_unlock(&box->lock);
}
