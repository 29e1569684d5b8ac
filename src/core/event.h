// SPDX-License-Identifier: Apache-2.0
// Events: the after-image of one row under one command. A table row says which noun, its name, and whether it is kept in
// the store or passes (sessions, heartbeats, offers, capacity reports: reported anew after a restart).
#ifndef CORE_EVENT_H
#define CORE_EVENT_H

#include "core/row.h"

// number (stored: never reused), noun, name on the wire, kept
#define EVENTS(X)                                                                                                      \
    X(1, PROVIDER, provider_added, "provider-added", true)                                                             \
    X(2, PROVIDER, provider_connected, "provider-connected", false)                                                    \
    X(3, PROVIDER, provider_reported, "provider-reported", false)                                                      \
    X(4, PROVIDER, provider_away, "provider-away", false)                                                              \
    X(5, PROVIDER, provider_removed, "provider-removed", true)                                                         \
    X(10, POOL, pool_added, "pool-added", true)                                                                        \
    X(11, POOL, pool_reported, "pool-reported", false)                                                                 \
    X(12, POOL, pool_stale, "pool-stale", false)                                                                       \
    X(13, POOL, pool_removed, "pool-removed", true)                                                                    \
    X(20, AGENT, agent_added, "agent-added", true)                                                                     \
    X(21, AGENT, agent_connected, "agent-connected", false)                                                            \
    X(22, AGENT, agent_reported, "agent-reported", false)                                                              \
    X(23, AGENT, agent_away, "agent-away", false)                                                                      \
    X(24, AGENT, agent_lost, "agent-lost", true)                                                                       \
    X(25, AGENT, agent_returned, "agent-returned", true)                                                               \
    X(26, AGENT, agent_quarantined, "agent-quarantined", true)                                                         \
    X(27, AGENT, agent_heard, "agent-heard", false)                                                                    \
    X(28, AGENT, agent_removed, "agent-removed", true)                                                                 \
    X(29, AGENT, agent_active, "agent-active", true)                                                                   \
    X(30, CLASS, class_applied, "class-applied", true)                                                                 \
    X(31, CLASS, class_removed, "class-removed", true)                                                                 \
    X(40, ROLE, role_set, "role-set", true)                                                                            \
    X(50, RESERVATION, reservation_made, "reservation-made", true)                                                     \
    X(51, RESERVATION, reservation_changed, "reservation-changed", true)                                               \
    X(52, RESERVATION, reservation_ended, "reservation-ended", true)                                                   \
    X(60, VOLUME, volume_wanted, "volume-wanted", true)                                                                \
    X(61, VOLUME, volume_making, "volume-making", true)                                                                \
    X(62, VOLUME, volume_ready, "volume-ready", true)                                                                  \
    X(63, VOLUME, volume_formatting, "volume-formatting", true)                                                        \
    X(64, VOLUME, volume_formatted, "volume-formatted", true)                                                          \
    X(65, VOLUME, volume_suspect, "volume-suspect", true)                                                              \
    X(66, VOLUME, volume_changed, "volume-changed", true)                                                              \
    X(67, VOLUME, volume_growing, "volume-growing", true)                                                              \
    X(68, VOLUME, volume_releasing, "volume-releasing", true)                                                          \
    X(69, VOLUME, volume_failed, "volume-failed", true)                                                                \
    X(70, VOLUME, volume_gone, "volume-gone", true)                                                                    \
    X(80, ATTACHMENT, attachment_wanted, "attachment-wanted", true)                                                    \
    X(81, ATTACHMENT, attachment_mapped, "attachment-mapped", true)                                                    \
    X(82, ATTACHMENT, attachment_in_use, "attachment-in-use", true)                                                    \
    X(83, ATTACHMENT, attachment_detaching, "attachment-detaching", true)                                              \
    X(84, ATTACHMENT, attachment_stranded, "attachment-stranded", true)                                                \
    X(85, ATTACHMENT, attachment_changed, "attachment-changed", true)                                                  \
    X(86, ATTACHMENT, attachment_gone, "attachment-gone", true)                                                        \
    X(87, ATTACHMENT, attachment_warned, "attachment-warned", true)                                                    \
    X(88, ATTACHMENT, attachment_cleared, "attachment-cleared", true)                                                  \
    X(90, OPERATION, operation_opened, "operation-opened", true)                                                       \
    X(91, OPERATION, operation_finished, "operation-finished", true)                                                   \
    X(92, OPERATION, operation_failed, "operation-failed", true)                                                       \
    X(93, OPERATION, operation_forgotten, "operation-forgotten", true)                                                 \
    X(94, OPERATION, operation_resent, "operation-resent", false)                                                      \
    X(100, FRAMEWORK, framework_added, "framework-added", true)                                                        \
    X(101, FRAMEWORK, framework_subscribed, "framework-subscribed", true)                                              \
    X(102, FRAMEWORK, framework_disconnected, "framework-disconnected", true)                                          \
    X(103, FRAMEWORK, framework_completed, "framework-completed", true)                                                \
    X(104, FRAMEWORK, framework_changed, "framework-changed", false)                                                   \
    X(105, FRAMEWORK, framework_removed, "framework-removed", true)                                                    \
    X(110, TASK, task_added, "task-added", true)                                                                       \
    X(111, TASK, task_launched, "task-launched", true)                                                                 \
    X(112, TASK, task_updated, "task-updated", true)                                                                   \
    X(113, TASK, task_kill_wanted, "task-kill-wanted", true)                                                           \
    X(114, TASK, task_acknowledged, "task-acknowledged", true)                                                         \
    X(115, TASK, task_removed, "task-removed", true)                                                                   \
    X(116, TASK, task_resent, "task-resent", false)                                                                    \
    X(130, POLICY, policy_made, "policy-made", true)                                                                   \
    X(131, POLICY, policy_switched, "policy-switched", true)                                                           \
    X(132, POLICY, policy_forgotten, "policy-forgotten", true)                                                         \
    X(120, OFFER, offer_made, "offer-made", false)                                                                     \
    X(121, OFFER, offer_rescinded, "offer-rescinded", false)                                                           \
    X(122, OFFER, offer_accepted, "offer-accepted", false)                                                             \
    X(123, OFFER, offer_declined, "offer-declined", false)

enum event_kind {
#define X(number, NOUN, kind, name, kept) EV_##kind = number,
    EVENTS(X)
#undef X
};

struct event {
    enum event_kind kind;
    enum noun noun;
    bool removed;    // the row is no longer there after this event; `row` is its last image
    const void *row; // the after-image: struct <noun>_row, borrowed from the draft
};

enum noun event_noun(enum event_kind kind);
const char *event_name(enum event_kind kind);
bool event_kept(enum event_kind kind);
MUST_USE bool event_kind_parse(uint32_t number, enum event_kind *ret_kind);

#endif
