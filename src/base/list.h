// SPDX-License-Identifier: Apache-2.0
// An intrusive doubly linked list. The owner of the items frees them; the list only links.
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *next, *prev;
};

static inline void list_init(struct list *head) {
    head->next = head->prev = head;
}
static inline bool list_empty(const struct list *head) {
    return head->next == head;
}
static inline bool list_linked(const struct list *item) {
    return item->next != NULL;
}

static inline void list_add_last(struct list *head, struct list *item) {
    item->prev = head->prev;
    item->next = head;
    head->prev->next = item;
    head->prev = item;
}

// Unlinks; an item that is not linked is left alone.
static inline void list_remove(struct list *item) {
    if (!item->next) return;
    item->prev->next = item->next;
    item->next->prev = item->prev;
    item->next = item->prev = NULL;
}

#define LIST_ITEM(link, type, member) ((type *)(void *)((char *)(link)-offsetof(type, member)))
// Safe against removal of `item` itself.
#define LIST_EACH(item, head, type, member)                                                                            \
    for (type *item = LIST_ITEM((head)->next, type, member),                                                           \
              *item##_next_ = LIST_ITEM(item->member.next, type, member);                                              \
         &item->member != (head); item = item##_next_, item##_next_ = LIST_ITEM(item->member.next, type, member))

#endif
