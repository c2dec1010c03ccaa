/**
 * Loaded before a program that can only be told its port: keeps it from listening on more than 127.0.0.1,
 * since a measurement opens nothing to the network.
 */
import { Server } from 'node:net';

const listen = Server.prototype.listen;
Server.prototype.listen = function (this: Server, ...args: unknown[]): Server {
  const [port] = args;
  const others = args.filter((argument) => typeof argument === 'function');
  if (typeof port !== 'number') return Reflect.apply(listen, this, args) as Server;
  return Reflect.apply(listen, this, [port, '127.0.0.1', ...others]) as Server;
} as typeof listen;
