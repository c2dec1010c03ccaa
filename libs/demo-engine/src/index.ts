export { type DemoEngine, type DemoEngineOptions, startDemoEngine } from './demo-engine.js';
export { demoModels } from './demo-model.js';
