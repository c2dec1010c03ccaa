import {
  ChunkPlace,
  DeleteFile,
  FindFile,
  FinishFile,
  ListStoredFiles,
  OpenFile,
} from '@aisbf/contracts';
import { parsed } from '@aisbf/platform';
import {
  Body,
  Controller,
  Get,
  Header,
  HttpCode,
  Param,
  Post,
  StreamableFile,
} from '@nestjs/common';
import { Files } from '../services/files.js';
import { bytesOf } from './binary-body.js';

/** Buyers' files, for the gateways, which alone can read what is in them. */
@Controller('internal/v1/files')
export class FilesController {
  constructor(private readonly files: Files) {}

  @Post('open')
  @HttpCode(200)
  async open(@Body(parsed(OpenFile)) request: OpenFile) {
    await this.files.open(request);
    return {};
  }

  @Post('finish')
  @HttpCode(200)
  finish(@Body(parsed(FinishFile)) { fileId, bytes }: FinishFile) {
    return this.files.finish(fileId, bytes);
  }

  @Post('find')
  @HttpCode(200)
  find(@Body(parsed(FindFile)) question: FindFile) {
    return this.files.find(question);
  }

  @Post('list')
  @HttpCode(200)
  list(@Body(parsed(ListStoredFiles)) question: ListStoredFiles) {
    return this.files.list(question);
  }

  @Post('delete')
  @HttpCode(200)
  async delete(@Body(parsed(DeleteFile)) request: DeleteFile) {
    await this.files.delete(request);
    return {};
  }

  @Post(':id/chunks/:position')
  @HttpCode(200)
  async putChunk(@Param(parsed(ChunkPlace)) place: ChunkPlace, @Body() body: unknown) {
    await this.files.putChunk(place, bytesOf(body));
    return {};
  }

  @Get(':id/chunks/:position')
  @Header('content-type', 'application/octet-stream')
  async chunk(@Param(parsed(ChunkPlace)) place: ChunkPlace) {
    return new StreamableFile(await this.files.chunk(place));
  }
}
