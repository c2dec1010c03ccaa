export {
  defineFaults,
  Fault,
  type FaultData,
  type FaultDetails,
  type FaultKind,
  type FaultMaker,
  httpStatusByKind,
  isRetryable,
} from './fault.js';
