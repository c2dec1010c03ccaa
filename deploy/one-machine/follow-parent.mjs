/**
 * Loaded before a command that the bootstrap starts: asks this process to end when the bootstrap is gone,
 * `kill -9` included, as a signal would have.
 */
process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));
// Listening must not keep the process alive when its work is done.
process.channel?.unref();
