// SPDX-License-Identifier: Apache-2.0
// Names and directories from the settings, and from the system where the settings leave them out.
#include "daemon/agent_place.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <limits.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/id.h"
#include "base/mem.h"
#include "net/address.h"
#include "sys/file.h"

static struct err *names_fill(const struct settings *s, struct agent_place *p) {
    char system[256] = "";
    if (gethostname(system, sizeof system - 1) != 0) return err_errno(errno, "ask for the host name");
    const char *name = settings_text(s, "name"), *hostname = settings_text(s, "hostname");
    p->hostname = mem_text(hostname ? hostname : system);
    p->name = mem_text(name ? name : system);
    return err_wrap(name_check("agent", p->name), "the host's name cannot name its agent; give --name");
}

// The first address that others can reach.
static char *address_find(void) {
    struct ifaddrs *all = NULL;
    char text[INET_ADDRSTRLEN] = "127.0.0.1";
    if (getifaddrs(&all) != 0) return mem_text(text);
    for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
        if (!i->ifa_addr || i->ifa_addr->sa_family != AF_INET || i->ifa_flags & IFF_LOOPBACK) continue;
        if (!(i->ifa_flags & IFF_UP)) continue;
        const struct sockaddr_in *address = (const void *)i->ifa_addr;
        inet_ntop(AF_INET, &address->sin_addr, text, sizeof text);
        break;
    }
    freeifaddrs(all);
    return mem_text(text);
}

static struct err *address_fill(const struct settings *s, struct agent_place *p) {
    const char *address = settings_text(s, "address");
    struct url master = {0};
    TRY(url_parse(settings_text(s, "master"), &master));
    bool near = !master.host || net_address_is_loopback(master.host);
    p->address = address ? mem_text(address) : near ? mem_text("127.0.0.1") : address_find();
    url_done(&master);
    return NULL;
}

static struct err *directory_open(const char *path, char **ret_absolute) {
    char absolute[PATH_MAX];
    TRY(directory_make(path, 0711));
    if (!realpath(path, absolute)) return err_errno(errno, "find directory '%s'", path);
    *ret_absolute = mem_text(absolute);
    return NULL;
}

// Volumes are made for those who will run here: the same rule as the host's for tasks that name no user.
static void owner_fill(const struct settings *s, struct agent_place *p) {
    const char *user = settings_text(s, "user");
    if (!user && geteuid() == 0) user = "nobody";
    const struct passwd *known = user ? getpwnam(user) : NULL;
    p->owner_uid = known ? known->pw_uid : geteuid();
    p->owner_gid = known ? known->pw_gid : getegid();
}

static struct err *place_fill(const struct settings *s, struct agent_place *p) {
    TRY(names_fill(s, p));
    TRY(address_fill(s, p));
    TRY(err_wrap(directory_open(settings_text(s, "work-dir"), &p->work_dir), "agent '%s': work-dir", p->name));
    TRY(err_wrap(directory_open(settings_text(s, "run-dir"), &p->run_dir), "agent '%s': run-dir", p->name));
    owner_fill(s, p);
    p->records = mem_format("%s/records", p->work_dir);
    p->identity = mem_format("%s/identity", p->work_dir);
    return NULL;
}

struct err *agent_place_open(const struct settings *s, struct agent_place *ret_place) {
    struct agent_place p = {0};
    struct err *e = place_fill(s, &p);
    if (e)
        agent_place_close(&p);
    else
        *ret_place = p;
    return e;
}

void agent_place_close(struct agent_place *p) {
    free(p->name);
    free(p->hostname);
    free(p->address);
    free(p->work_dir);
    free(p->run_dir);
    free(p->records);
    free(p->identity);
    *p = (struct agent_place){0};
}
