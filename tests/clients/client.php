<?php
// A daemon that runs 20 jobs by lanĉo and collects how they end, and may be killed at any time.
//
//   php client.php LANCO NAMESPACE RESULTS    RESULTS gets a line "job status" for each, once

[, $lanco, $namespace, $results] = $argv;
$jobs = [];
for ($i = 0; $i < 20; $i++) {
    $jobs["job$i"] = ['sh', '-c', 'sleep 1.' . $i % 7 . "; exit $i"];
}
$collected = [];
foreach (is_file($results) ? file($results) : [] as $line) {
    $collected[strtok($line, ' ')] = true;
}

// One "lanco batch" executes requests at once, and answers each when it is done.
$batch = proc_open([$lanco, $namespace, 'batch'], [['pipe', 'r'], ['pipe', 'w']], $pipes);
[$requests, $answers] = $pipes;

function ask(string $id, string $command, array $fields = []): void
{
    fwrite($GLOBALS['requests'], json_encode(['id' => $id, 'command' => $command] + $fields) . "\n");
}

function collect(string $job, array $end): void
{
    global $jobs, $collected, $results;
    if (isset($jobs[$job]) && !isset($collected[$job])) {
        $collected[$job] = true;
        $status = $end['code'] ?? $end['signal'];
        file_put_contents($results, "$job $status\n", FILE_APPEND);
    }
}

function start(string $job): void
{
    $how = ['once' => true, 'timeout' => '1m', 'label' => ['client' => 'php']];
    ask("run $job", 'run', ['task' => $job, 'args' => $GLOBALS['jobs'][$job]] + $how);
}

ask('events', 'events', ['label' => ['client=php']]);
while (count($collected) < count($jobs) && ($line = fgets($answers)) !== false) {
    $answer = json_decode($line, true);
    [$kind, $job] = explode(' ', ($answer['id'] ?? '') . ' ');
    $event = $answer['event'] ?? ['event' => null];
    if ($event['event'] === 'ready') {
        // From now on each end is told.
        array_map('start', array_keys(array_diff_key($jobs, $collected)));
    } elseif ($event['event'] === 'end') {
        collect($event['task'], $event);
    } elseif ($kind === 'run' && $answer['exitStatus'] === 4) {
        // It was started in a former life of this daemon; its end may be on record.
        ask("status $job", 'status', ['task' => $job]);
    } elseif ($kind === 'run' && $answer['exitStatus'] !== 0) {
        exit(implode("\n", $answer['messages']));
    } elseif ($kind === 'status' && $answer['exitStatus'] === 3) {
        // Whoever was starting it has been killed, and it was not started.
        usleep(100_000);
        start($job);
    } elseif ($kind === 'status' && $answer['output']['ended'] !== null) {
        collect($job, $answer['output']);
    }
}
fclose($requests);
proc_close($batch);
