// SPDX-License-Identifier: Apache-2.0
// A framework as a user of the npm package mesos-framework writes it: launches the tasks it is told, and prints as JSON lines what
// the package hears and does. Knows nothing of Granary. A line "teardown" on its input ends it; so does the end of that input.
"use strict";

const path = require("path");
const readline = require("readline");
const client = require(path.join(process.cwd(), "node_modules", "mesos-framework"));
const mesos = client.Mesos.getMesos();

// {port, name, user, id, tasks: {NAME: {command, volume: {name, path, options: {KEY: VALUE}}}}}
const wanted = JSON.parse(process.argv[2]);

function say(event, body) {
    process.stdout.write(JSON.stringify({ event: event, body: body }) + "\n");
}

function container(volume) {
    const parameters = Object.entries(volume.options || {}).map(([key, value]) => new mesos.Parameter(key, value));
    const named = new mesos.Volume.Source.DockerVolume("granary", volume.name, new mesos.Parameters(parameters));
    const source = new mesos.Volume.Source(mesos.Volume.Source.Type.DOCKER_VOLUME, named);
    const mount = new mesos.Volume({ mode: mesos.Volume.Mode.RW, container_path: volume.path, source: source });
    return new mesos.ContainerInfo({ type: mesos.ContainerInfo.Type.MESOS, volumes: [mount] });
}

function task(facts) {
    const made = {
        commandInfo: new mesos.CommandInfo(null, null, true, facts.command, null, null),
        resources: { cpus: 0.2, mem: 32, ports: facts.volume ? 0 : 1, disk: 0 },
    };
    if (facts.volume) {
        made.containerInfo = container(facts.volume);
    }
    return made;
}

const tasks = {};
for (const [name, facts] of Object.entries(wanted.tasks)) {
    tasks[name] = task(facts);
}

const scheduler = new client.Scheduler({
    masterUrl: "127.0.0.1",
    port: wanted.port,
    frameworkName: wanted.name,
    user: wanted.user, // root when not told
    logging: { level: "error" },
    restartStates: [],
    tasks: tasks,
});

if (wanted.id) {
    scheduler.frameworkId = wanted.id; // as the package does when it remembers an earlier run
}

for (const event of ["subscribed", "heartbeat", "offers", "rescind", "update", "failure"]) {
    scheduler.on(event, (body) => say(event, body));
}
for (const event of ["sent_subscribe", "sent_accept", "sent_decline", "sent_acknowledge"]) {
    scheduler.on(event, () => say(event));
}
scheduler.on("task_launched", (launched) => say("task_launched", launched.taskId));
scheduler.on("error", (error) => say("error", error.message || error));
scheduler.on("ready", () => scheduler.subscribe());
scheduler.on("sent_teardown", () => {
    say("sent_teardown");
    process.exitCode = 0;
    process.stdout.write("", () => process.exit());
});

const input = readline.createInterface({ input: process.stdin });
input.on("line", (line) => line === "teardown" && scheduler.teardown());
input.on("close", () => process.exit(3));
