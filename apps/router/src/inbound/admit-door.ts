import { Admit, internalPaths } from '@aisbf/contracts';
import { type Log, parse, tellFault } from '@aisbf/platform';
import type { FastifyInstance } from 'fastify';
import type { Admission } from '../services/admission.js';

/**
 * Where gateways ask about every request that is to be served. On Fastify itself, as the buyers' door is: what Nest puts
 * around a handler costs as much as the decision.
 */
export function addAdmitDoor(fastify: FastifyInstance, admission: Admission, log: Log): void {
  void fastify.register((scope, _options, done) => {
    scope.setErrorHandler((thrown, request, reply) => tellFault(thrown, request, reply, log));
    scope.post(internalPaths.routerAdmit, async ({ body }, reply) => {
      const plan = await admission.admit(parse(Admit, body));
      return reply.type('application/json; charset=utf-8').send(JSON.stringify(plan));
    });
    done();
  });
}
