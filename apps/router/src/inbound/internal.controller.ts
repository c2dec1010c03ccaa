import {
  AdmitWorker,
  CheckWorkers,
  Explain,
  internalPaths,
  ListModels,
  ListRoutes,
  LocatePlace,
  SeekAdvice,
} from '@aisbf/contracts';
import { parsed } from '@aisbf/platform';
import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { Admission } from '../services/admission.js';
import { AdviceSeeking } from '../services/advice-seeking.js';
import { ModelList } from '../services/model-list.js';
import { Places } from '../services/places.js';
import { WorkerAdmission } from '../services/worker-admission.js';

/** The door for our own services, but for what each request asks (`admit-door.ts`). */
@Controller()
export class InternalController {
  constructor(
    private readonly admission: Admission,
    private readonly models: ModelList,
    private readonly workers: WorkerAdmission,
    private readonly places: Places,
    private readonly advice: AdviceSeeking,
  ) {}

  @Post(internalPaths.routerExplain)
  @HttpCode(200)
  explain(@Body(parsed(Explain)) question: Explain) {
    return this.admission.explain(question);
  }

  @Post(internalPaths.routerSeekAdvice)
  @HttpCode(200)
  seekAdvice(@Body(parsed(SeekAdvice)) question: SeekAdvice) {
    return this.advice.sought(question);
  }

  @Post(internalPaths.routerModels)
  @HttpCode(200)
  listModels(@Body(parsed(ListModels)) request: ListModels) {
    return this.models.list(request);
  }

  @Post(internalPaths.routerRoutes)
  @HttpCode(200)
  listRoutes(@Body(parsed(ListRoutes)) request: ListRoutes) {
    return this.models.routes(request);
  }

  @Post(internalPaths.routerLocate)
  @HttpCode(200)
  locate(@Body(parsed(LocatePlace)) place: LocatePlace) {
    return this.places.locate(place);
  }

  @Post(internalPaths.routerAdmitWorker)
  @HttpCode(200)
  admitWorker(@Body(parsed(AdmitWorker)) claim: AdmitWorker) {
    return this.workers.admit(claim);
  }

  @Post(internalPaths.routerCheckWorkers)
  @HttpCode(200)
  checkWorkers(@Body(parsed(CheckWorkers)) question: CheckWorkers) {
    return this.workers.check(question);
  }
}
