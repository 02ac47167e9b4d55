import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { ExpressAdapter } from '@bull-board/express';
import type { BullmqJobQueue } from '@btf-depot/job-queue';
import { Router, type RequestHandler } from 'express';

const PATH = '/queue';

/** bull-board, a page on the queue at `/queue`: waiting, running and failed jobs, with reasons. */
export function queuePage({ bullmq }: BullmqJobQueue): Router {
  const adapter = new ExpressAdapter();
  adapter.setBasePath(PATH);
  createBullBoard({
    queues: [new BullMQAdapter(bullmq)],
    serverAdapter: adapter,
    options: { uiConfig: { boardTitle: 'BTF Depot' } },
  });
  const router = Router();
  router.use(PATH, onlyFromUs, adapter.getRouter() as Router);
  return router;
}

/** The page loads fonts from elsewhere, which would reveal its use; it works without them. */
const onlyFromUs: RequestHandler = (_request, response, next) => {
  response.setHeader(
    'Content-Security-Policy',
    "font-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; frame-ancestors 'none'",
  );
  next();
};
